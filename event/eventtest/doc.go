// Package eventtest has what tests need that receive webhooks, store them, or
// describe a provider:
//
//   - For a service: fixtures and signed requests ([Vendor], from a provider's
//     own test package such as kombotest), [Run], which checks the service's
//     own http.Handler behind its own router and middleware, and
//     [Vendor.Leaks], which finds candidates' data in its logs.
//   - For a new provider: [Conform].
//   - For an engine: [Store] and [Inbox], which check any implementation of
//     the interfaces of package event.
package eventtest
