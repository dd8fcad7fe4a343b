import { isObject, type ListReader, offeredModel } from "../model-list.ts";

/** https://platform.claude.com/docs/en/api/models/list */
export const anthropicList: ListReader = {
  page({ data, has_more, last_id }) {
    if (!Array.isArray(data)) return undefined;
    const last: unknown = data.at(-1);
    return {
      entries: data,
      next: has_more === true ? (last_id ?? (isObject(last) ? last["id"] : undefined)) : undefined,
    };
  },
  model(entry) {
    // Listed for reference only; requests to it fail.
    if (entry["lifecycle"] === "retired") return undefined;
    return offeredModel({
      id: entry["id"],
      displayName: entry["display_name"],
      context: entry["max_input_tokens"],
      maxOutput: entry["max_tokens"],
      created: entry["created_at"],
      retiresOn: entry["retires_at"],
    });
  },
};
