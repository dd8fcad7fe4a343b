/** The value of every poisoned variable: a request that contains it has read the environment. */
export const POISON = "poisoned";

/** Variables that the three SDKs, Google's authentication library and Node read, found in their sources. */
const NAMES = [
  "OPENAI_API_KEY",
  "OPENAI_ADMIN_KEY",
  "OPENAI_ORG_ID",
  "OPENAI_PROJECT_ID",
  "OPENAI_WEBHOOK_SECRET",
  "OPENAI_API_VERSION",
  "AZURE_OPENAI_API_KEY",
  "AZURE_API_KEY",
  "AZURE_OPENAI_AD_TOKEN",
  "AZURE_CLIENT_SECRET",
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "ANTHROPIC_WEBHOOK_SIGNING_KEY",
  "ANTHROPIC_PROFILE",
  "ANTHROPIC_CONFIG_DIR",
  "ANTHROPIC_ORGANIZATION_ID",
  "ANTHROPIC_WORKSPACE_ID",
  "ANTHROPIC_SERVICE_ACCOUNT_ID",
  "ANTHROPIC_FEDERATION_RULE_ID",
  "ANTHROPIC_IDENTITY_TOKEN",
  "ANTHROPIC_SCOPE",
  "GEMINI_API_KEY",
  "GOOGLE_API_KEY",
  "GOOGLE_CLOUD_PROJECT",
  "GOOGLE_CLOUD_LOCATION",
  "GOOGLE_GENAI_API_VERSION",
  "GOOGLE_CLOUD_QUOTA_PROJECT",
  "GCLOUD_PROJECT",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "AWS_BEARER_TOKEN_BEDROCK",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_REGION",
];
const ADDRESSES = [
  "OPENAI_BASE_URL",
  "AZURE_OPENAI_ENDPOINT",
  "ANTHROPIC_BASE_URL",
  "GOOGLE_GEMINI_BASE_URL",
  "GOOGLE_VERTEX_BASE_URL",
  "AWS_BEDROCK_BASE_URL",
];

const PROXIES = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "npm_config_proxy",
  "npm_config_https_proxy",
];

/** An environment in which every variable points to `elsewhere`. */
export function poisonedEnvironment(elsewhere: string): Record<string, string> {
  return {
    ...Object.fromEntries(NAMES.map((name) => [name, `${POISON}-${name}`])),
    ...Object.fromEntries(ADDRESSES.map((name) => [name, `${elsewhere}/${POISON}`])),
    ...Object.fromEntries(PROXIES.map((name) => [name, elsewhere.replace("://", `://${POISON}:${POISON}@`)])),
    OPENAI_CUSTOM_HEADERS: `x-${POISON}: ${POISON}\nauthorization: Bearer ${POISON}\nopenai-organization: ${POISON}`,
    ANTHROPIC_CUSTOM_HEADERS: `x-${POISON}: ${POISON}\nauthorization: Bearer ${POISON}\nx-api-key: ${POISON}\nanthropic-version: ${POISON}`,
    OPENAI_LOG: "debug",
    ANTHROPIC_LOG: "debug",
    ANTHROPIC_OPEN_TELEMETRY: "true",
    GOOGLE_GENAI_USE_VERTEXAI: "true",
    GOOGLE_GENAI_USE_ENTERPRISE: "true",
    NODE_USE_ENV_PROXY: "1",
    NO_PROXY: "",
    no_proxy: "",
    MODELWRIGHT_CONFIG: `/${POISON}/models.toml`,
  };
}
