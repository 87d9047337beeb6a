#include "sim/config.h"
