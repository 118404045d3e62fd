# The processor, for use beside Kafka and a ClickHouse server. Build from the repository's root:
#   docker build -f docker/processor.Dockerfile -t shadower/processor .
FROM node:24-slim AS build
WORKDIR /app
# The lock file names all workspaces, so npm wants their manifests, although it installs one.
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY processor/package.json processor/
COPY plugins/shadower-analytics-datasource/package.json plugins/shadower-analytics-datasource/
COPY plugins/shadower-dependencygraph-panel/package.json plugins/shadower-dependencygraph-panel/
COPY plugins/shadower-healthscorecard-panel/package.json plugins/shadower-healthscorecard-panel/
RUN npm ci --workspace processor --include-workspace-root --ignore-scripts
COPY processor/ processor/
RUN npm run build --workspace processor

FROM node:24-slim AS dependencies
WORKDIR /app
COPY --from=build /app/package.json /app/package-lock.json /app/.npmrc ./
COPY --from=build /app/processor/package.json processor/
COPY --from=build /app/plugins plugins
# The embedded engine (hundreds of megabytes) has no use beside a server.
RUN npm ci --workspace processor --omit=dev --ignore-scripts && rm -rf node_modules/@chdb && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production SHADOWER_DATA=/var/lib/shadower SHADOWER_HTTP_HOST=0.0.0.0 SHADOWER_HTTP_PORT=8780
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/processor/package.json processor/
COPY --from=build /app/processor/bin processor/bin
COPY --from=build /app/processor/dist processor/dist
RUN mkdir /var/lib/shadower && chown node:node /var/lib/shadower
USER node
EXPOSE 8780
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+process.env.SHADOWER_HTTP_PORT+'/readyz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "processor/bin/shadower.js"]
CMD ["start"]
