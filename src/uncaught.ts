/** Loaded by the launchers ahead of every program: what nobody caught ends it with 255, "the harness or a server failed", also where the program's own
 *  modules cannot be loaded. By itself Node would end with 1, which says of a server that it diverges. */

const exitCode = 255;

process.on("uncaughtException", (cause: unknown) => {
  const isError = cause instanceof Error;
  const advice =
    isError && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND" ? "; is all installed? npm ci does that" : "";
  process.stderr.write(`${isError ? cause.stack : cause}\nthe program itself failed${advice}\n`);
  process.exit(exitCode);
});
