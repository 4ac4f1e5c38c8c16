import { CONTENT_TYPES } from './rules.ts';

/** What the contract shows to people rather than programs, in the languages of its X-Target-Locale header. */

const TYPES = [...CONTENT_TYPES, 'Folder'] as const;

const STATUSES = [
  'not_started',
  'in_progress',
  'pending',
  'complete',
  'passed',
  'accepted',
  'incomplete',
  'failed',
  'declined',
] as const;

const FALLBACK = 'en-US';

type Texts<Key extends string> = ReadonlyMap<string, ReadonlyMap<Key, string>>;

/** A line per locale, its texts in the order of the keys. */
function readTable<Key extends string>(keys: readonly Key[], table: string): Texts<Key> {
  const lines = table.trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [locale = '', ...texts] = line.split('|').map((text) => text.trim());
      return [locale, new Map(keys.map((key, place) => [key, texts[place] ?? '']))];
    }),
  );
}

const textOf = <Key extends string>(texts: Texts<Key>, key: Key, locale: string | null): string =>
  (texts.get(locale ?? FALLBACK) ?? texts.get(FALLBACK))?.get(key) ?? key;

/** The display text of a content type, or of a folder; in English if the locale is none of the contract's. */
export const displayType = (type: (typeof TYPES)[number], locale: string | null): string =>
  textOf(TYPE_TEXTS, type, locale);

/** The display text of a final status, likewise. */
export const displayStatus = (status: (typeof STATUSES)[number], locale: string | null): string =>
  textOf(STATUS_TEXTS, status, locale);

const TYPE_TEXTS = readTable(
  TYPES,
  `
en-US | iSpring Suite Module | Audio | Video | Image | Quiz | Survey | SCORM | Course | Learning Track | Word Document | PowerPoint Presentation | PDF Document | Excel Spreadsheet | Role Play | Link | Assignment | Book | Interaction | Page | Online Quiz | External Course | Folder
ru-RU | Модуль iSpring Suite | Аудио | Видео | Изображение | Тест | Опрос | SCORM | Курс | Траектория обучения | Документ Word | Презентация PowerPoint | Документ PDF | Таблица Excel | Диалоговый тренажёр | Ссылка | Задание | Книга | Интерактивность | Страница | Онлайн-тест | Внешний курс | Папка
da-DK | iSpring Suite-modul | Lyd | Video | Billede | Quiz | Spørgeundersøgelse | SCORM | Kursus | Læringsforløb | Word-dokument | PowerPoint-præsentation | PDF-dokument | Excel-regneark | Rollespil | Link | Opgave | Bog | Interaktion | Side | Onlinequiz | Eksternt kursus | Mappe
de-DE | iSpring-Suite-Modul | Audio | Video | Bild | Quiz | Umfrage | SCORM | Kurs | Lernpfad | Word-Dokument | PowerPoint-Präsentation | PDF-Dokument | Excel-Tabelle | Rollenspiel | Link | Aufgabe | Buch | Interaktion | Seite | Online-Quiz | Externer Kurs | Ordner
es-ES | Módulo de iSpring Suite | Audio | Vídeo | Imagen | Cuestionario | Encuesta | SCORM | Curso | Itinerario de aprendizaje | Documento de Word | Presentación de PowerPoint | Documento PDF | Hoja de cálculo de Excel | Juego de roles | Enlace | Tarea | Libro | Interacción | Página | Cuestionario en línea | Curso externo | Carpeta
fr-FR | Module iSpring Suite | Audio | Vidéo | Image | Quiz | Enquête | SCORM | Cours | Parcours de formation | Document Word | Présentation PowerPoint | Document PDF | Feuille de calcul Excel | Jeu de rôle | Lien | Devoir | Livre | Interaction | Page | Quiz en ligne | Cours externe | Dossier
zh-CN | iSpring Suite 模块 | 音频 | 视频 | 图片 | 测验 | 调查 | SCORM | 课程 | 学习路径 | Word 文档 | PowerPoint 演示文稿 | PDF 文档 | Excel 电子表格 | 角色扮演 | 链接 | 作业 | 图书 | 互动 | 页面 | 在线测验 | 外部课程 | 文件夹
ja-JP | iSpring Suite モジュール | オーディオ | ビデオ | 画像 | クイズ | アンケート | SCORM | コース | 学習パス | Word 文書 | PowerPoint プレゼンテーション | PDF 文書 | Excel スプレッドシート | ロールプレイ | リンク | 課題 | ブック | インタラクション | ページ | オンラインクイズ | 外部コース | フォルダー
pt-BR | Módulo do iSpring Suite | Áudio | Vídeo | Imagem | Teste | Pesquisa | SCORM | Curso | Trilha de aprendizagem | Documento do Word | Apresentação do PowerPoint | Documento PDF | Planilha do Excel | Simulação de diálogo | Link | Tarefa | Livro | Interação | Página | Teste on-line | Curso externo | Pasta
id-ID | Modul iSpring Suite | Audio | Video | Gambar | Kuis | Survei | SCORM | Kursus | Jalur pembelajaran | Dokumen Word | Presentasi PowerPoint | Dokumen PDF | Lembar kerja Excel | Permainan peran | Tautan | Tugas | Buku | Interaksi | Halaman | Kuis daring | Kursus eksternal | Folder
mn-MN | iSpring Suite модуль | Аудио | Видео | Зураг | Сорил | Судалгаа | SCORM | Сургалт | Сургалтын зам | Word баримт | PowerPoint танилцуулга | PDF баримт | Excel хүснэгт | Дүрд тоглох | Холбоос | Даалгавар | Ном | Интерактив | Хуудас | Онлайн сорил | Гадаад сургалт | Хавтас
it-IT | Modulo iSpring Suite | Audio | Video | Immagine | Quiz | Sondaggio | SCORM | Corso | Percorso formativo | Documento Word | Presentazione PowerPoint | Documento PDF | Foglio di calcolo Excel | Gioco di ruolo | Link | Compito | Libro | Interazione | Pagina | Quiz online | Corso esterno | Cartella
nl-NL | iSpring Suite-module | Audio | Video | Afbeelding | Quiz | Enquête | SCORM | Cursus | Leertraject | Word-document | PowerPoint-presentatie | PDF-document | Excel-spreadsheet | Rollenspel | Link | Opdracht | Boek | Interactie | Pagina | Onlinequiz | Externe cursus | Map
fi-FI | iSpring Suite -moduuli | Ääni | Video | Kuva | Testi | Kysely | SCORM | Kurssi | Oppimispolku | Word-asiakirja | PowerPoint-esitys | PDF-asiakirja | Excel-laskentataulukko | Roolipeli | Linkki | Tehtävä | Kirja | Vuorovaikutus | Sivu | Verkkotesti | Ulkoinen kurssi | Kansio
uk-UA | Модуль iSpring Suite | Аудіо | Відео | Зображення | Тест | Опитування | SCORM | Курс | Траєкторія навчання | Документ Word | Презентація PowerPoint | Документ PDF | Таблиця Excel | Діалоговий тренажер | Посилання | Завдання | Книга | Інтерактивність | Сторінка | Онлайн-тест | Зовнішній курс | Папка
no-NO | iSpring Suite-modul | Lyd | Video | Bilde | Quiz | Spørreundersøkelse | SCORM | Kurs | Læringsløp | Word-dokument | PowerPoint-presentasjon | PDF-dokument | Excel-regneark | Rollespill | Lenke | Oppgave | Bok | Interaksjon | Side | Nettquiz | Eksternt kurs | Mappe
pl-PL | Moduł iSpring Suite | Audio | Wideo | Obraz | Test | Ankieta | SCORM | Kurs | Ścieżka szkoleniowa | Dokument Word | Prezentacja PowerPoint | Dokument PDF | Arkusz Excel | Odgrywanie ról | Łącze | Zadanie | Książka | Interakcja | Strona | Test online | Kurs zewnętrzny | Folder
az-AZ | iSpring Suite modulu | Audio | Video | Şəkil | Test | Sorğu | SCORM | Kurs | Təlim yolu | Word sənədi | PowerPoint təqdimatı | PDF sənədi | Excel cədvəli | Rol oyunu | Keçid | Tapşırıq | Kitab | İnteraktiv | Səhifə | Onlayn test | Xarici kurs | Qovluq
kk-KK | iSpring Suite модулі | Аудио | Бейне | Сурет | Тест | Сауалнама | SCORM | Курс | Оқу траекториясы | Word құжаты | PowerPoint презентациясы | PDF құжаты | Excel кестесі | Рөлдік ойын | Сілтеме | Тапсырма | Кітап | Интерактив | Бет | Онлайн тест | Сыртқы курс | Қалта
ro-RO | Modul iSpring Suite | Audio | Video | Imagine | Test | Sondaj | SCORM | Curs | Parcurs de învățare | Document Word | Prezentare PowerPoint | Document PDF | Foaie de calcul Excel | Joc de rol | Link | Temă | Carte | Interacțiune | Pagină | Test online | Curs extern | Dosar
ko-KR | iSpring Suite 모듈 | 오디오 | 동영상 | 이미지 | 퀴즈 | 설문조사 | SCORM | 강좌 | 학습 경로 | Word 문서 | PowerPoint 프레젠테이션 | PDF 문서 | Excel 스프레드시트 | 역할극 | 링크 | 과제 | 도서 | 상호 작용 | 페이지 | 온라인 퀴즈 | 외부 강좌 | 폴더
bg-BG | Модул на iSpring Suite | Аудио | Видео | Изображение | Тест | Анкета | SCORM | Курс | Учебна пътека | Документ на Word | Презентация на PowerPoint | PDF документ | Таблица на Excel | Ролева игра | Връзка | Задание | Книга | Интерактивност | Страница | Онлайн тест | Външен курс | Папка
cs-CZ | Modul iSpring Suite | Zvuk | Video | Obrázek | Test | Dotazník | SCORM | Kurz | Vzdělávací cesta | Dokument Word | Prezentace PowerPoint | Dokument PDF | Tabulka Excel | Hraní rolí | Odkaz | Úkol | Kniha | Interakce | Stránka | Online test | Externí kurz | Složka
uz-UZ | iSpring Suite moduli | Audio | Video | Rasm | Test | So‘rovnoma | SCORM | Kurs | O‘quv yo‘nalishi | Word hujjati | PowerPoint taqdimoti | PDF hujjati | Excel jadvali | Rolli o‘yin | Havola | Topshiriq | Kitob | Interaktiv | Sahifa | Onlayn test | Tashqi kurs | Jild
zh-TW | iSpring Suite 模組 | 音訊 | 影片 | 圖片 | 測驗 | 問卷調查 | SCORM | 課程 | 學習路徑 | Word 文件 | PowerPoint 簡報 | PDF 文件 | Excel 試算表 | 角色扮演 | 連結 | 作業 | 書籍 | 互動 | 頁面 | 線上測驗 | 外部課程 | 資料夾
`,
);

const STATUS_TEXTS = readTable(
  STATUSES,
  `
en-US | Not started | In progress | Pending | Complete | Passed | Accepted | Incomplete | Failed | Declined
ru-RU | Не начат | В процессе | На проверке | Завершён | Пройден | Принят | Не завершён | Не пройден | Отклонён
da-DK | Ikke startet | I gang | Afventer | Gennemført | Bestået | Accepteret | Ikke gennemført | Ikke bestået | Afvist
de-DE | Nicht begonnen | In Bearbeitung | Ausstehend | Abgeschlossen | Bestanden | Angenommen | Nicht abgeschlossen | Nicht bestanden | Abgelehnt
es-ES | No iniciado | En curso | Pendiente | Completado | Aprobado | Aceptado | Incompleto | Suspendido | Rechazado
fr-FR | Non commencé | En cours | En attente | Terminé | Réussi | Accepté | Inachevé | Échoué | Refusé
zh-CN | 未开始 | 进行中 | 待审核 | 已完成 | 已通过 | 已接受 | 未完成 | 未通过 | 已拒绝
ja-JP | 未開始 | 進行中 | 保留中 | 完了 | 合格 | 承認済み | 未完了 | 不合格 | 却下
pt-BR | Não iniciado | Em andamento | Pendente | Concluído | Aprovado | Aceito | Incompleto | Reprovado | Recusado
id-ID | Belum dimulai | Sedang berlangsung | Tertunda | Selesai | Lulus | Diterima | Belum selesai | Gagal | Ditolak
mn-MN | Эхлээгүй | Явагдаж байна | Хүлээгдэж байна | Дууссан | Тэнцсэн | Хүлээн авсан | Дуусаагүй | Тэнцээгүй | Татгалзсан
it-IT | Non iniziato | In corso | In attesa | Completato | Superato | Accettato | Incompleto | Non superato | Rifiutato
nl-NL | Niet gestart | Bezig | In afwachting | Voltooid | Geslaagd | Geaccepteerd | Onvoltooid | Gezakt | Afgewezen
fi-FI | Ei aloitettu | Kesken | Odottaa | Suoritettu | Läpäisty | Hyväksytty | Keskeneräinen | Hylätty | Torjuttu
uk-UA | Не розпочато | У процесі | Очікує перевірки | Завершено | Пройдено | Прийнято | Не завершено | Не пройдено | Відхилено
no-NO | Ikke startet | Pågår | Venter | Fullført | Bestått | Godkjent | Ikke fullført | Ikke bestått | Avvist
pl-PL | Nie rozpoczęto | W toku | Oczekuje | Ukończono | Zaliczono | Przyjęto | Nie ukończono | Nie zaliczono | Odrzucono
az-AZ | Başlanmayıb | Davam edir | Gözləyir | Tamamlanıb | Keçib | Qəbul edilib | Tamamlanmayıb | Keçməyib | Rədd edilib
kk-KK | Басталмаған | Орындалуда | Күтілуде | Аяқталды | Өтті | Қабылданды | Аяқталмаған | Өтпеді | Қабылданбады
ro-RO | Neînceput | În curs | În așteptare | Finalizat | Promovat | Acceptat | Nefinalizat | Nepromovat | Respins
ko-KR | 시작 전 | 진행 중 | 보류 중 | 완료 | 합격 | 승인됨 | 미완료 | 불합격 | 거부됨
bg-BG | Незапочнат | В процес | В изчакване | Завършен | Преминат | Приет | Незавършен | Непреминат | Отхвърлен
cs-CZ | Nezahájeno | Probíhá | Čeká na vyřízení | Dokončeno | Splněno | Přijato | Nedokončeno | Nesplněno | Zamítnuto
uz-UZ | Boshlanmagan | Jarayonda | Kutilmoqda | Yakunlangan | O‘tgan | Qabul qilingan | Yakunlanmagan | O‘tmagan | Rad etilgan
zh-TW | 未開始 | 進行中 | 待審核 | 已完成 | 已通過 | 已接受 | 未完成 | 未通過 | 已拒絕
`,
);
