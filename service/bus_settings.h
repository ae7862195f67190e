/* How the settings say that a bus is reached: by the service, by whatever sends the audit
 * trail, and by who asks whether it is well. */
#ifndef TWOFOLD_BUS_SETTINGS_H
#define TWOFOLD_BUS_SETTINGS_H

#include "config/config.h"
#include "transport/bus.h"

/* All borrow C's texts. */

/* The bus to serve. */
struct bus_options bus_settings(const struct config *c);

/* The bus and the login of the audit trail: where no setting is about the trail alone, those of the
 * service. */
struct bus_options bus_settings_of_audit(const struct config *c);

/* The bus to serve, and the login of `twofoldd health`: where no setting is about it, that of the
 * service. */
struct bus_options bus_settings_of_health(const struct config *c);

#endif
