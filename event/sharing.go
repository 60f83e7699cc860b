package event

import (
	"fmt"
	"reflect"
	"sync"
	"weak"
)

// sharing knows which handlers of this process share a store, to find two
// accounts of one provider whose deliveries would pass for each other's.
var sharing struct {
	mu       sync.Mutex
	handlers map[Store][]weak.Pointer[Handler]
}

// checkSharing rejects a handler that has neither the secret nor the name that
// tells it from another one with the same store. Handlers with the same secret
// are one account's: the same deliveries may arrive at both.
func (h *Handler) checkSharing() error {
	if h.store == nil || h.secrets.lookup != nil || !reflect.TypeOf(h.store).Comparable() {
		return nil
	}
	sharing.mu.Lock()
	defer sharing.mu.Unlock()
	for store, handlers := range sharing.handlers {
		var alive []weak.Pointer[Handler]
		for _, p := range handlers {
			other := p.Value()
			if other == nil {
				continue
			}
			alive = append(alive, p)
			if store == h.store && other.name == h.name && other.secrets.fixed[0].secret != h.secrets.fixed[0].secret {
				return fmt.Errorf("event: two handlers named %s have the same Store and different secrets, so that a delivery of one could pass for a duplicate of the other's: set Options.Name", h.name)
			}
		}
		if sharing.handlers[store] = alive; alive == nil {
			delete(sharing.handlers, store)
		}
	}
	if sharing.handlers == nil {
		sharing.handlers = make(map[Store][]weak.Pointer[Handler])
	}
	sharing.handlers[h.store] = append(sharing.handlers[h.store], weak.Make(h))
	return nil
}
