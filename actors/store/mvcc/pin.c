#include "actors/store/mvcc/pin.h"

void pin_add(struct mvcc *state, struct pin *pin, int64_t at)
{
    *pin = (struct pin){at, state->pins};
    state->pins = pin;
}

void pin_remove(struct mvcc *state, const struct pin *pin)
{
    struct pin **link = &state->pins;

    while (*link != pin) {
        assert(*link != NULL);
        link = &(*link)->next;
    }
    *link = pin->next;
}

bool pin_holds(const struct mvcc *state, const struct pin *pin)
{
    return pin->at < state->compacted;
}

bool pin_any_holds(const struct mvcc *state)
{
    const struct pin *pin = state->pins;

    while (pin != NULL && !pin_holds(state, pin)) {
        pin = pin->next;
    }
    return pin != NULL;
}
