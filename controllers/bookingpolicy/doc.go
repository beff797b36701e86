// Package bookingpolicy says of each BookingPolicy whether it makes sense by itself, how many tenants use
// it, and when it opens next in the zones of those. What a policy means for a tenant is the tenant
// controller's business; this one makes nothing and writes only status.
//
// A status stands until something it depends on changes: the policy, a tenant that uses it, or the clock,
// when an opening has come. For the last the pass asks to be repeated at that very moment.
package bookingpolicy
