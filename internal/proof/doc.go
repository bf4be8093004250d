// Package proof shows whether a conversion keeps the Secret: it simulates
// kubernetes-external-secrets 8.5.5 (Node 14.21.3, lodash 4.17.21, js-yaml
// 3.14.1) and the External Secrets Operator of the profile's releases on
// made-up backend data, and compares the two Secrets. It never reads a
// backend.
//
// [Verify] makes the data from the KES object: every backend value that it
// reads, with each of its properties and with what its lodash expressions
// look at. One value varies at a time, through every [Shape]; the others stay
// everyday ones. What differs in an everyday shape is a wrong conversion
// ([Different]); what differs in another shape is named ([EqualExcept]).
//
// The simulated KES really runs the JavaScript of lodash templates, in goja,
// without I/O and within bounds. What it can't run as Node 14 would is
// [NotProvable], never equal: Date, process, Math.random, js-yaml outside a
// guarded subset, an error's text.
//
// What is assumed, because no manifest tells: the store in the cluster is the
// one that the conversion asked for (account, region, project, vault, mount
// and kv version); IBM secrets by name are in the group that the ESO key
// names; Akeyless items are static; ESO's delimiters are the default ones.
package proof
