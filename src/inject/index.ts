/// <reference types="node" preserve="true" />
import "../core/require-node.ts";

export { Container, type ContainerOptions, type DependencySpec, type ModuleSource } from "./container.ts";
export type { Guard } from "./guard.ts";
export { isModel, resolveModel } from "./resolve-model.ts";
export type { Inject, Resolver, ResolverContext } from "./resolver.ts";
