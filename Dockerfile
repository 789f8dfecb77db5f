# The proxy, without its judge's tests: docker build -t zetcd:0.1.0 .
FROM node:24-slim

WORKDIR /opt/zetcd
ENV NODE_ENV=production

# What is installed changes less often than what is written.
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

COPY bin ./bin
COPY src ./src
COPY oracle ./oracle
COPY scenarios ./scenarios
COPY reports ./reports

# Reports go to a volume of whoever runs it, so the folder belongs to the unprivileged user.
RUN mkdir /reports && chown node:node /reports
USER node
EXPOSE 2181

# The launcher execs Node, which is therefore process 1 and gets SIGTERM itself.
ENTRYPOINT ["bin/zetcd"]
CMD ["--zkaddr=0.0.0.0:2181", "--endpoints=http://127.0.0.1:2379"]
