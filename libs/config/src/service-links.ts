/** What a container runtime sets for a service that lies beside ours, such as `tcp://10.0.0.7:8080`. */
const VALUE = /^(tcp|udp|sctp):\/\//

const NAMES = /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/

/**
 * Whether a variable is one of those that Kubernetes and Docker set for each service, here of one named `quorate…` or `kafka…`: they are no
 * settings, also where they are named like one (`QUORATE_PORT=tcp://…`).
 */
export const isServiceLink = (variable: string, value: string): boolean =>
  NAMES.test(variable) || (variable.endsWith('_PORT') && VALUE.test(value))
