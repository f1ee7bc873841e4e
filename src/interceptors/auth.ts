import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { Permission, permission } from "#gen/llmemory/v1/options_pb.js";
import { PermissionDeniedError } from "../domain/errors.ts";
import { requestContextOf } from "./request-context.ts";

/** On whose behalf an RPC runs, and what it may do. */
export interface Principal {
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
}

/** Whoever reaches a listener, which is this machine unless the operator said otherwise: everything is allowed. */
export const localPrincipal: Principal = {
  name: "local",
  permissions: new Set([Permission.READ, Permission.WRITE, Permission.ADMIN]),
};

/** Services that any caller may ask, since load balancers and tools do: health and reflection. */
const publicServices = /^grpc\.(health|reflection)\./;

/** Refuses RPCs that the principal has no permission for. An RPC that declares none is refused to everyone. */
export function authInterceptor(principal: Principal): Interceptor {
  return (next) => async (request) => {
    requestContextOf(request.contextValues).principal = principal;
    if (!publicServices.test(request.service.typeName)) {
      const needed = neededPermission(request.method);
      if (!principal.permissions.has(needed)) {
        throw new PermissionDeniedError(
          `${request.method.name} needs the permission ${Permission[needed]}, which ${principal.name} does not have`,
        );
      }
    }
    return await next(request);
  };
}

/** The permission that a method declares as an option; UNSPECIFIED if none. */
export function neededPermission(method: DescMethod): Permission {
  return hasOption(method, permission) ? getOption(method, permission) : Permission.UNSPECIFIED;
}
