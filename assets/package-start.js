// Runs in the windows of a package before its own scripts: puts there what SCORM content looks for, and tells the page
// around it what it is told. Nothing of the page can be reached from here; messages are all there is.
((launch) => {
  const is12 = launch.version === '1.2';
  const name = is12 ? 'API' : 'API_1484_11';
  try {
    // Within a package: that of its first window, where one may look there.
    if (window.parent !== window && window.parent[name]) {
      window[name] = window.parent[name];
      return;
    }
  } catch {}
  const tell = (attempt) => window.top.postMessage({ rollbook: 'attempt', attempt }, '*');
  const texts = (members) =>
    Object.fromEntries(
      Object.entries(members).filter(([, value]) => value !== undefined && value !== null && value !== ''),
    );
  const attemptOf = (cmi) => {
    const core = is12 ? cmi.core : cmi;
    return texts({
      location: is12 ? core.lesson_location : core.location,
      suspendData: cmi.suspend_data,
      status: is12 ? core.lesson_status : core.completion_status,
      success: is12 ? undefined : core.success_status,
      raw: core.score.raw,
      min: core.score.min,
      max: core.score.max,
      scaled: core.score.scaled,
      progress: is12 ? undefined : core.progress_measure,
      totalTime: core.total_time,
    });
  };
  const Runtime = is12 ? window.Scorm12API : window.Scorm2004API;
  const api = new Runtime({
    // A moment after the last value: whoever closes the tab has lost next to nothing.
    autocommit: true,
    autocommitSeconds: 1,
    alwaysSendTotalTime: true,
    logLevel: 5,
    lmsCommitUrl: 'page',
    httpService: {
      processHttpRequest: (_url, { cmi }) => {
        tell(attemptOf(cmi));
        return { result: 'true', errorCode: 0 };
      },
      updateSettings: () => undefined,
    },
  });
  const put = (object, members) => {
    for (const [member, value] of Object.entries(texts(members)))
      try {
        object[member] = value;
      } catch {}
  };
  const { attempt } = launch;
  const kept = attempt ?? {};
  const entry = attempt ? 'resume' : 'ab-initio';
  const { cmi } = api;
  if (is12) {
    put(cmi.core, {
      student_id: launch.learnerId,
      student_name: launch.learnerName,
      credit: 'credit',
      entry,
      lesson_location: kept.location,
      lesson_status: kept.status,
      total_time: kept.totalTime,
    });
    put(cmi.student_data, { mastery_score: launch.masteryScore });
  } else
    put(cmi, {
      learner_id: launch.learnerId,
      learner_name: launch.learnerName,
      entry,
      location: kept.location,
      completion_status: kept.status,
      success_status: kept.success,
      progress_measure: kept.progress,
      total_time: kept.totalTime,
    });
  put(cmi, { suspend_data: kept.suspendData });
  const { raw, min, max, scaled } = kept;
  put(is12 ? cmi.core.score : cmi.score, is12 ? { raw, min, max } : { raw, min, max, scaled });
  window[name] = api;
})(LAUNCH);
