import { deflateRawSync } from 'node:zlib';

/** Archives made by hand, so that they can be wrong in every way. */

export interface Zipped {
  readonly name: string;
  readonly content?: string | Buffer;
  /** Whether it is stored as it is. */
  readonly isStored?: boolean;
  /** What the archive says of it, where that is not so. */
  readonly size?: number;
  /** Of Unix: its type and rights. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
}

export function zip(entries: readonly Zipped[]): Buffer<ArrayBuffer> {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { name, content = '', isStored = false, size, mode = 0o100644, flags = 0, method } of entries) {
    const bytes = Buffer.from(content);
    const packed = isStored ? bytes : deflateRawSync(bytes);
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags | 0x800, 2);
    common.writeUInt16LE(method ?? (isStored ? 0 : 8), 4);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size ?? bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, path, packed]);
    const more = Buffer.alloc(14);
    more.writeUInt32LE((mode << 16) >>> 0, 6);
    more.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, more, path]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** The manifest of a package with one part. */
export const manifest = (
  version: '1.2' | '2004',
  href = 'content/index.html',
): string => `<?xml version="1.0"?>
<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_${version === '1.2' ? 'rootv1p2' : 'v1p3'}">
  <metadata><schema>ADL SCORM</schema><schemaversion>${version === '1.2' ? '1.2' : '2004 4th Edition'}</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>T</title>
    <item identifier="i" identifierref="r"><title>Part</title>${version === '1.2' ? '<adlcp:masteryscore>70</adlcp:masteryscore>' : ''}</item>
  </organization></organizations>
  <resources><resource identifier="r" type="webcontent" adlcp:scorm${version === '1.2' ? 't' : 'T'}ype="sco" href="${href}"/></resources>
</manifest>`;

/** A package whose page shows what it found, is passed with 80 of 100 when asked, and has a last word when it is left. */
export function scormPackage(version: '1.2' | '2004'): Buffer<ArrayBuffer> {
  const script = `
    const name = '${version === '1.2' ? 'API' : 'API_1484_11'}';
    const find = (from) => from[name] ?? (from.parent === from ? null : find(from.parent));
    const api = find(window);
    const [start, get, set, commit, finish] = ${version === '1.2' ? "['LMSInitialize', 'LMSGetValue', 'LMSSetValue', 'LMSCommit', 'LMSFinish']" : "['Initialize', 'GetValue', 'SetValue', 'Commit', 'Terminate']"}.map((call) => (...all) => api[call](...all));
    const place = '${version === '1.2' ? 'cmi.core.lesson_location' : 'cmi.location'}';
    start('');
    const suspended = get('cmi.suspend_data');
    document.querySelector('output').textContent = [suspended || 'nothing', get('${version === '1.2' ? 'cmi.core.entry' : 'cmi.entry'}'), get(place)].join(' ');
    addEventListener('pagehide', () => {
      set(place, 'left');
      finish('');
    });
    let cookies = 'none';
    try { cookies = parent.document.cookie; } catch { cookies = 'out of reach'; }
    document.querySelector('p').textContent = cookies;
    document.querySelector('button').onclick = () => {
      set('cmi.suspend_data', suspended + 'x');
      ${version === '1.2' ? "set('cmi.core.score.raw', '80'); set('cmi.core.lesson_status', 'passed');" : "set('cmi.score.scaled', '0.8'); set('cmi.completion_status', 'completed'); set('cmi.success_status', 'passed');"}
      document.querySelector('button').textContent = commit('');
    };`;
  return zip([
    { name: 'imsmanifest.xml', content: manifest(version) },
    {
      name: 'content/index.html',
      content:
        '<!doctype html><html><head><title>Part</title></head><body><output></output><p></p><button>Answer</button><script src="../js/part.js"></script></body></html>',
    },
    { name: 'js/part.js', content: script },
    { name: 'js/stored.txt', content: 'as it is', isStored: true },
  ]);
}
