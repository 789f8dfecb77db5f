/** The contract of backends, held against the proxy's and against a real ZooKeeper behind the bridge. */
import { bridge } from "../oracle/bridge.ts";
import { startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper } from "../oracle/servers/zookeeper.ts";
import { describeBackend } from "../src/backend.contract.ts";
import { connectEtcdBackend } from "../src/etcd/backend.ts";

const bounds = { minSessionTimeoutMs: 1_000, maxSessionTimeoutMs: 10_000 };

for (const zkVersion of ["3.8", "3.9"] as const)
  describeBackend(
    `etcd as ${zkVersion}`,
    async () => {
      const etcd = await startEtcd();
      const { endpoints } = etcd;
      const backend = await connectEtcdBackend({ endpoints, prefix: "/z", zkVersion, tickTimeMs: 500, ...bounds });
      const close = async () => {
        await backend.close();
        await etcd.stop();
      };
      return { backend, ...bounds, close };
    },
    { gaps: [] },
  );

describeBackend(
  "a bridge to ZooKeeper",
  async () => {
    const server = await startZooKeeper({ config: { tickTime: "500", maxClientCnxns: "0" } });
    const backend = bridge({ host: server.host, port: server.port, version: server.version });
    const close = async () => {
      await backend.close();
      await server.stop();
    };
    return { backend, ...bounds, close };
  },
  { gaps: [] },
);
