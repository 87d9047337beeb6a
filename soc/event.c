#include "soc/event.h"
