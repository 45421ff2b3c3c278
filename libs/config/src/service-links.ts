/** What a container runtime sets for a neighbouring service, such as `tcp://10.0.0.7:8080`. */
const VALUE = /^(tcp|udp|sctp):\/\//

const NAMES = /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/

/**
 * Whether Kubernetes or Docker set the variable for a service named `quorate…` or `kafka…`. Such variables are not
 * settings, even if they have the name of one (`QUORATE_PORT=tcp://…`).
 */
export const isServiceLink = (variable: string, value: string): boolean =>
  NAMES.test(variable) || (variable.endsWith('_PORT') && VALUE.test(value))
