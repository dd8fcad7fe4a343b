import type { SimulatedRequest } from "../dialects/served/request.ts";
import { attachments, excerpt, label } from "./prose.ts";

type Language = "typescript" | "python";

interface Snippet {
  readonly about: RegExp;
  readonly code: Readonly<Record<Language, string>>;
}

const LANGUAGES: readonly {
  readonly name: Language;
  readonly words: RegExp;
  readonly fence: string;
  readonly comment: string;
}[] = [
  { name: "python", words: /\b(python|py|django|pandas|pytest)\b/i, fence: "python", comment: "#" },
  { name: "typescript", words: /./s, fence: "ts", comment: "//" },
];

const CODE_WORDS =
  /\b(code|function|class|method|script|regex|algorithm|snippet|refactor|typescript|javascript|python|rust|golang|java|sql|bash|html|css|api endpoint|unit test|fizzbuzz|fibonacci|quicksort)\b/i;

const SNIPPETS: readonly Snippet[] = [
  {
    about: /revers/i,
    code: {
      typescript: 'export function reverse(text: string): string {\n  return Array.from(text).reverse().join("");\n}',
      python: "def reverse(text: str) -> str:\n    return text[::-1]",
    },
  },
  {
    about: /fibonacci/i,
    code: {
      typescript:
        "export function fibonacci(n: number): number {\n  let [a, b] = [0, 1];\n  for (let i = 0; i < n; i++) [a, b] = [b, a + b];\n  return a;\n}",
      python:
        "def fibonacci(n: int) -> int:\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a",
    },
  },
  {
    about: /palindrom/i,
    code: {
      typescript:
        'export function isPalindrome(text: string): boolean {\n  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, "");\n  return letters === [...letters].reverse().join("");\n}',
      python:
        "def is_palindrome(text: str) -> bool:\n    letters = [c for c in text.lower() if c.isalnum()]\n    return letters == letters[::-1]",
    },
  },
  {
    about: /fizz\s*buzz/i,
    code: {
      typescript:
        'export function fizzbuzz(n: number): string {\n  return (n % 3 ? "" : "Fizz") + (n % 5 ? "" : "Buzz") || String(n);\n}',
      python: 'def fizzbuzz(n: int) -> str:\n    return ("Fizz" * (n % 3 == 0) + "Buzz" * (n % 5 == 0)) or str(n)',
    },
  },
  {
    about: /\bprimes?\b/i,
    code: {
      typescript:
        "export function isPrime(n: number): boolean {\n  if (n < 2) return false;\n  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;\n  return true;\n}",
      python: "def is_prime(n: int) -> bool:\n    return n > 1 and all(n % i for i in range(2, int(n**0.5) + 1))",
    },
  },
  {
    about: /\b(sum|add|total)/i,
    code: {
      typescript:
        "export function sum(numbers: readonly number[]): number {\n  return numbers.reduce((total, number) => total + number, 0);\n}",
      python: "def total(numbers: list[float]) -> float:\n    return sum(numbers)",
    },
  },
  {
    about: /\bsort/i,
    code: {
      typescript:
        "export function sorted(numbers: readonly number[]): number[] {\n  return [...numbers].sort((left, right) => left - right);\n}",
      python: "def ordered(items: list) -> list:\n    return sorted(items)",
    },
  },
  {
    about: /./s,
    code: {
      typescript: 'export function answer(question: string): string {\n  return "simulated answer to " + question;\n}',
      python: 'def answer(question: str) -> str:\n    return f"simulated answer to {question}"',
    },
  },
];

export function isAboutCode(prompt: string): boolean {
  return CODE_WORDS.test(prompt);
}

/** A short code sample for the prompt, in a code fence. */
export function codeFor(request: SimulatedRequest, index: number): string {
  const language = LANGUAGES.find((row) => row.words.test(request.prompt)) ?? LANGUAGES[0];
  const snippet = SNIPPETS.find((row) => row.about.test(request.prompt)) ?? SNIPPETS.at(-1);
  const code = snippet?.code[language?.name ?? "typescript"] ?? "";
  const note = [`You asked: "${excerpt(request.prompt)}".`, attachments(request), "A simulated sketch:"].filter(
    (part) => part !== "",
  );
  const fence = `\`\`\`${language?.fence}\n${language?.comment} simulated: no model wrote this\n${code}\n\`\`\``;
  return `${label(request, index)} ${note.join(" ")}\n\n${fence}\n\nThe same question always gets this code.`;
}
