import { name, plain, type Row, UNKNOWN } from './table.ts';

export const contentRows: Record<string, Row> = {
  GetContent: plain('read content', 200, () => ({ path: '/content' })),
  ListContent: plain('read content', 200, (_t, f) => ({ path: `/contents?contentItemIds[]=${f.course}` })),
  ListContentByBody: plain('read content', 200, () => ({ path: '/contents', json: {} })),
  GetContentItem: plain('read content', 200, (_t, f) => ({ path: `/content/${f.course}` })),
  CreateContentItem: plain('write content', 201, () => ({
    path: '/content/create/Page',
    json: { title: name() },
  })),
  EditContentItem: plain('write content', 200, (_t, f) => ({
    path: `/content/${f.material}`,
    json: { title: name() },
  })),
  RetireContentItem: plain('write content', 404, () => ({ path: `/content/${UNKNOWN}` })),
  StoreContentFile: plain('write content', 200, (_t, f) => ({
    path: `/content/${f.material}/file`,
    file: { type: 'text/html', text: '<p>Hello' },
  })),
  GetContentFile: plain('read content', 200, (_t, f) => ({ path: `/content/${f.material}/file` })),
  RemoveContentFile: plain('write content', 404, () => ({ path: `/content/${UNKNOWN}/file` })),
  ListCoursesModules: plain('read content', 200, () => ({ path: '/courses/modules' })),
  GetCourseModules: plain('read content', 200, (_t, f) => ({ path: `/course/${f.course}/modules` })),
  AddCourseModule: plain('write content', 201, (_t, f) => ({
    path: `/course/${f.course}/modules`,
    json: { itemId: f.material },
  })),
  GetLearningTrackCourses: plain('read content', 200, (_t, f) => ({
    path: `/learning_track/courses?learningTrackIds=${f.track}`,
  })),
  SetLearningTrackCourses: plain('write content', 200, (_t, f) => ({
    path: `/learning_track/${f.track}/courses`,
    json: { courseIds: [f.course] },
  })),
  GetCoursesTree: plain('read content', 200, () => ({ path: '/courses_tree' })),
  CreateFolder: plain('write content', 201, () => ({ path: '/folder', json: { title: name() } })),
  DeleteFolder: plain('write content', 404, () => ({ path: `/folder/${UNKNOWN}` })),
  RemoveCourseModule: plain('write content', 404, (_t, f) => ({
    path: `/course/${f.course}/modules/${UNKNOWN}`,
  })),
};
