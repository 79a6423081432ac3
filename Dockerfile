# docs/docker.md says how to build and run this image, and why it is made this way.

FROM docker.io/library/node:24-bookworm-slim AS base
WORKDIR /app

# Compiles src/ to plain JavaScript. Of this stage only dist/ reaches the image.
FROM base AS build
COPY package.json package-lock.json ./
# Nothing here needs an install script, so none may run. That also leaves out the `node` package's 189 MB download.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && chmod 0755 dist/launch.js

# The production dependencies, and nothing else.
FROM base AS dependencies
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM base AS runtime
# Nothing is installed at run time, so the image offers no package manager.
# The data directory is made here because a volume takes over owner and mode of what it covers.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
           /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
 && install -d -o 1000 -g 1000 -m 0700 /data \
 && ln -s /app/dist/launch.js /usr/local/bin/gatehouse
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Modes are set, since a checkout brings its own: under umask 077 the service could not read these.
COPY --chmod=0755 drizzle ./drizzle
COPY --chmod=0755 package.json LICENSE ./

# HOST: inside a container the loopback address reaches nobody.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    GATEHOUSE_DATA_DIR=/data

# The user `node`, as a number: orchestrators that refuse root can only check numbers. /app belongs to root.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 3000
STOPSIGNAL SIGTERM

# Alive, not ready: whoever acts on "unhealthy" restarts or unroutes the container, and neither mends a database that
# is away. The port opens only after stores and keys are open, so "healthy" still means that the start succeeded.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "/app/dist/launch.js"]
CMD ["serve"]

# Last, so that a new version or revision rebuilds nothing else.
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Gatehouse" \
      org.opencontainers.image.description="The auth service that stands beside an API gateway: sign-in, tokens, JWKS, introspection and forward-auth." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
