/** CPU time of this thread in milliseconds, not affected by other processes. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
