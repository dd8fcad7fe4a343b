import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");

/** Pseudo-random numbers that are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function lettersOf(alphabet: string, length: number, seed: number): string {
  const next = numbers(seed);
  return Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]).join("");
}

function wordsOf(alphabet: string, count: number, seed: number): string {
  const next = numbers(seed);
  return Array.from({ length: count }, (_, index) =>
    lettersOf(alphabet, 2 + Math.floor(next() * 8), seed + index),
  ).join(" ");
}

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("\n");
}

function folder(path: string, extension: string): string {
  return readdirSync(join(ROOT, path))
    .filter((name) => name.endsWith(extension))
    .map((name) => readFileSync(join(ROOT, path, name), "utf8"))
    .join("\n");
}

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
const HEX = `${DIGITS}abcdef`;

const CODE = folder("src/core", ".ts").slice(0, 60_000);
const PROSE = folder("docs/guide", ".md")
  .replace(/```[\s\S]*?```/g, "")
  .replace(/^\|.*$/gm, "")
  .slice(0, 60_000);
const RECORDS = Array.from({ length: 60 }, (_, id) => ({
  ...{ id: id * 7_919, name: `user-${id}`, email: `user${id}@example.com`, active: id % 3 === 0 },
  ...{ score: id * 1.37, tags: ["alpha", "beta"], address: { city: "Berlin", zip: String(10_000 + id * 37) } },
}));
const BYTES = Buffer.from(lettersOf(HEX, 6_000, 4), "hex");

/** English prose and code, which make up most prompts. */
export const USUAL_TEXTS: Readonly<Record<string, string>> = {
  "English story": `The quick decision to leave the harbour before dawn surprised everyone. Nobody had expected the captain, who was usually so careful, to trust a forecast that promised nothing but wind. "We will be across by noon," she said, and folded the chart. Behind them the town slept; its lamps went out one by one, and the smell of bread followed the boat for almost a mile.`,
  "English declaration":
    "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood.",
  "English documentation": PROSE,
  TypeScript: CODE,
  "minified code": transformSync(
    readFileSync(join(ROOT, "src/core/duration.ts"), "utf8") + readFileSync(join(ROOT, "src/core/budget.ts"), "utf8"),
    { loader: "ts", minify: true },
  ).code,
};

/** The first articles of the Universal Declaration of Human Rights, and sentences with rare words. */
export const LANGUAGES: Readonly<Record<string, string>> = {
  German:
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen. Die Geschwindigkeitsbegrenzung auf Autobahnen bleibt ein Streitthema; Bundesverkehrsminister und Umweltverbände widersprechen sich grundsätzlich. Rechtsschutzversicherungsgesellschaften prüfen Vertragsverlängerungen.",
  French:
    "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité. L'été dernier, nous avons traversé la forêt près du château; c'était très agréable malgré l'orage.",
  Spanish:
    "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros. ¿Dónde está la estación de autobuses más cercana? Mañana volveremos al mercado.",
  Polish:
    "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa. Źdźbło trawy zginęło wśród żółtych liści; chrząszcz brzmi w trzcinie.",
  Czech:
    "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím a mají spolu jednat v duchu bratrství. Příliš žluťoučký kůň úpěl ďábelské ódy.",
  Turkish:
    "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler. Çekoslovakyalılaştıramadıklarımızdan mısınız?",
  Finnish:
    "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä. Epäjärjestelmällistyttämättömyydellänsäkäänköhän?",
  Vietnamese:
    "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi. Mọi con người đều được tạo hoá ban cho lý trí và lương tâm và cần phải đối xử với nhau trong tình anh em.",
  Russian:
    "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства. Достопримечательности города привлекают путешественников.",
  Ukrainian:
    "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю і повинні діяти у відношенні один до одного в дусі братерства.",
  Greek:
    "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης.",
  Hebrew:
    "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, לפיכך חובה עליהם לנהוג איש ברעהו ברוח של אחווה.",
  Arabic:
    "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميراً وعليهم أن يعامل بعضهم بعضاً بروح الإخاء. لكل إنسان حق التمتع بكافة الحقوق والحريات الواردة في هذا الإعلان.",
  Persian:
    "تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند. همه دارای عقل و وجدان می‌باشند و باید نسبت به یکدیگر با روح برادری رفتار کنند.",
  Hindi:
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
  Bengali:
    "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে। তাঁদের বিবেক এবং বুদ্ধি আছে; সুতরাং সকলেরই একে অপরের প্রতি ভ্রাতৃত্বসুলভ মনোভাব নিয়ে আচরণ করা উচিত।",
  Tamil:
    "மனிதப் பிறவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்; அவர்கள் மதிப்பிலும் உரிமைகளிலும் சமமானவர்கள். அவர்கள் நியாயத்தையும் மனச்சாட்சியையும் இயற்பண்பாகப் பெற்றவர்கள்.",
  Thai: "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
  Georgian:
    "ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით. მათ მინიჭებული აქვთ გონება და სინდისი და ერთმანეთის მიმართ უნდა იქცეოდნენ ძმობის სულისკვეთებით.",
  Amharic: "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው። የተፈጥሮ ማስተዋልና ሕሊና ስላለው አንዱ ሌላውን በወንድማማችነት መንፈስ መመልከት ይገባዋል።",
  Chinese:
    "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。今天的天气非常好，我们决定去公园散步，顺便买一些新鲜的水果和蔬菜。",
  "traditional Chinese":
    "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。龜龍麟鳳，鬱鬱蔥蔥。",
  Japanese:
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。コンピューターのプログラムを書く。",
  Korean:
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다. 컴퓨터 프로그램을 작성합니다.",
};

/** Machine-generated text. */
export const MACHINE_TEXTS: Readonly<Record<string, string>> = {
  JSON: JSON.stringify(RECORDS),
  "indented JSON": JSON.stringify(RECORDS, null, 2),
  XML: '<item id="12"><name>Widget</name><price currency="EUR">9.99</price></item>\n'.repeat(20),
  Markdown: "| `foo` | 12 | **bold** and *italic* [link](https://example.com) |\n".repeat(20),
  CSV: lines(
    100,
    (index) => `${index},${((index * 7_919) % 97) / 7},2027-0${1 + (index % 9)}-1${index % 10},Smith-${index},OK`,
  ),
  URLs: lines(
    40,
    (index) => `https://www.example.com/path/${lettersOf(HEX, 10, index)}?q=${index}&utm_source=newsletter`,
  ),
  UUIDs: lines(50, (index) => lettersOf(HEX, 32, index).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")),
  hexadecimal: lettersOf(HEX, 4_000, 1),
  "upper-case hexadecimal": lettersOf(HEX.toUpperCase(), 4_000, 2),
  base64: BYTES.toString("base64"),
  base64url: BYTES.toString("base64url"),
  decimals: lines(300, (index) => (((index * 7_919_017) % 1e6) / 997).toFixed(3)).replaceAll("\n", ", "),
  integers: lines(300, (index) => String((index * 7_919_017) % 1e9)),
  "letters and digits": lettersOf(LOWER + UPPER + DIGITS, 2_000, 5),
  "random letters": lettersOf(LOWER, 2_000, 6),
  "random words": wordsOf(LOWER, 500, 7),
  "random capital words": wordsOf(UPPER, 500, 8),
  capitals:
    "THE QUICK DECISION TO LEAVE THE HARBOUR BEFORE DAWN SURPRISED EVERYONE. SELECT NAME FROM CUSTOMERS WHERE ORGANIZATION_ID IS NOT NULL; MAX_OUTPUT_TOKENS",
  punctuation: lettersOf("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 2_000, 9),
  rules: `${"-".repeat(80)}\n${"=".repeat(60)}\n${"*".repeat(33)}\n`.repeat(10),
  spaces: " ".repeat(3_000),
  "empty lines": "\n".repeat(1_000),
  tabs: "\t".repeat(1_000),
  "mixed white space": lettersOf(" \t\n\r", 2_000, 10),
  "control characters": lettersOf("\0\u0001\u0002\u0007\b\u000e\u001b\u001f\u007f", 600, 11),
  emoji: "😀🎉👍🏽 ❤️ 👨‍👩‍👧‍👦 🇩🇪 🏳️‍🌈 🧑🏿‍💻 🤷‍♀️ 🦄🦊🐙 ✨🔥 ☕️ 🚀🪐 🫠🫡🫥 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
  mathematics: "∀x∈ℝ: ∑ᵢ₌₁ⁿ xᵢ² ≥ 0 ⇒ ∂f/∂x ≠ ∞ √2 ≈ 1.414 × 10⁻³ α β γ δ → ← ⇔ ⊕ ∅ ⌈x⌉",
  "box drawing": "┌──────┬──────┐\n│ a    │ b    │\n├──────┼──────┤\n└──────┴──────┘ ▓▒░█",
  "styled letters": "𝓗𝓮𝓵𝓵𝓸 𝕨𝕠𝕣𝕝𝕕 ＦＵＬＬ　ｗｉｄｔｈ ⓒⓘⓡⓒⓛⓔ",
  "stacked accents": "H̷̢̛e̶͓͝l̴̟̈l̵̰͠o̸͙͑ Ẃ̷͖o̶̞͝r̴̰̈l̷̢̛d̵͓͝",
};
