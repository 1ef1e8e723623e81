/* SPDX-License-Identifier: Apache-2.0
 *
 * Things that stand in the scenes. Places are in metres; the caller draws from far to near.
 */
#ifndef SCENES_PROPS_H
#define SCENES_PROPS_H

#include "scenes/world.h"

/* vehicles.c: kind -1 = any. `yaw` 0 drives away from the camera. Lamps shine by night. */
enum { WN_VEHICLE_SEDAN, WN_VEHICLE_HATCH, WN_VEHICLE_SUV, WN_VEHICLE_VAN, WN_VEHICLE_TRUCK, WN_VEHICLE_BUS };
void wn_prop_vehicle(wn_world *world, wn_vector base, float yaw, int kind);

/* people.c: `heading` -1 walks left, 1 right, 0 faces the camera or away. */
void wn_prop_person(wn_world *world, wn_vector base, float heading);

/* plants.c */
void wn_prop_tree(wn_world *world, wn_vector base, float height, uint32_t seed, bool autumn);
void wn_prop_conifer(wn_world *world, wn_vector base, float height);
void wn_prop_palm(wn_world *world, wn_vector base, float height);
void wn_prop_bush(wn_world *world, wn_vector base, float size);

/* buildings.c: a block with rows of windows on its faces, `floors` high; a house with a gable roof. */
void wn_prop_block(wn_world *world, wn_vector base, wn_vector size, float yaw, int floors);
void wn_prop_house(wn_world *world, wn_vector base, float width, float depth, float yaw);
void wn_prop_street_lamp(wn_world *world, wn_vector base, float height);

/* A skyline of flat towers from x0 to x1 that stand on row `foot`, up to `height` pixels high. */
void wn_prop_skyline(wn_world *world, float x0, float x1, float foot, float height, float metres);

#endif
