# Habitue in a container: compiled in one stage, run as an unprivileged user in the other.
FROM node:24-slim AS build
WORKDIR /habitue
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY bin bin
COPY src src
COPY examples examples
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production HABITUE_HOST=0.0.0.0 HABITUE_DATA=/data/habitue.db
WORKDIR /habitue
COPY --from=build /habitue/package.json ./
COPY --from=build /habitue/node_modules node_modules
COPY --from=build /habitue/dist dist
COPY bin bin
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4040
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:4040/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/habitue.js"]
CMD ["start"]
