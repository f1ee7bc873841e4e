# The image of llmemory: the compiled service with its model, run by an ordinary user.
#   docker build -t llmemory .
#   docker run -p 127.0.0.1:50051:50051 -p 127.0.0.1:8080:8080 -v llmemory-data:/data llmemory
#   docker run --no-healthcheck -e LLMEMORY_DATABASE_URL=postgresql://… llmemory worker

# The same Node as the npm package `node` in package.json.
ARG NODE_IMAGE=node:24.21.0-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /llmemory
COPY package.json package-lock.json .npmrc ./
# No dependency needs its install script here: the image has its own Node, and the model runs on the CPU.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts
# Node from npm, and the runtime of the model for other systems, would double the size of the image.
RUN rm -rf node_modules/node node_modules/node-bin-* node_modules/.bin/node \
    node_modules/onnxruntime-node/bin/*/darwin node_modules/onnxruntime-node/bin/*/win32

FROM ${NODE_IMAGE}
ENV NODE_ENV=production \
    LLMEMORY_DATA_DIR=/data \
    # A container reaches other machines only through the ports that it publishes, and loopback inside it could not be published.
    LLMEMORY_GRPC_ADDRESS=0.0.0.0:50051 \
    LLMEMORY_HTTP_ADDRESS=0.0.0.0:8080 \
    LLMEMORY_INSECURE=true
WORKDIR /llmemory
COPY --from=build /llmemory/package.json ./
COPY --from=build /llmemory/node_modules ./node_modules
COPY --from=build /llmemory/gen/ts ./gen/ts
COPY --from=build /llmemory/models ./models
COPY --from=build /llmemory/dist ./dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 50051 8080
# It asks serve; worker listens nowhere, hence --no-healthcheck above. Over TLS it needs LLMEMORY_TLS_CA_FILE, LLMEMORY_TLS_SERVER_NAME, or both.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "dist/cli/main.js", "health"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]
