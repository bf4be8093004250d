// Package handover moves live Secrets from KES to ESO and back, and says how
// far a cluster is. It alone talks to a cluster, through client-go's REST
// client, with lean types for the few fields that it reads.
//
// What it does and in which order follows from measurements on ESO 0.9.20 and
// 0.20.4 with KES at the head of its repository (docs/cutover.md):
//
//   - KES compares data, labels and annotations of the Secret and PUTs the
//     whole of it when they differ, its own owner with them. So nothing moves
//     while a KES that runs serves the object.
//   - ESO since 0.11 labels a foreign Secret, fails to own it, and isn't woken
//     again once KES stripped that label. So its object is always touched.
//   - Ready of an ESO object can be True though it owns nothing. So what counts
//     is the Secret itself: ESO's owner uid, its label and its annotation.
//   - Taking a KES object away deletes the Secret that it owns, unless the
//     owner was moved before and the deletion orphans.
package handover
