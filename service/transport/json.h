/* The one place that includes jansson: what discovery writes and what the server attests is JSON.
 */
#ifndef TWOFOLD_TRANSPORT_JSON_H
#define TWOFOLD_TRANSPORT_JSON_H

#include <jansson.h>

#endif
