package property

import "strings"

// What JavaScript values have without having been given it: the own names of the
// prototypes in Node 14.21.3, the major version of KES 8.5.5's image
// (Dockerfile:1). Every value inherits objectMembers.
const (
	objectMembers = " constructor __defineGetter__ __defineSetter__ hasOwnProperty __lookupGetter__ __lookupSetter__" +
		" isPrototypeOf propertyIsEnumerable toString valueOf __proto__ toLocaleString "
	arrayMembers = " length concat copyWithin fill find findIndex lastIndexOf pop push reverse shift unshift slice sort" +
		" splice includes indexOf join keys entries values forEach filter flat flatMap map every some reduce reduceRight "
	stringMembers = " length anchor big blink bold charAt charCodeAt codePointAt concat endsWith fontcolor fontsize fixed" +
		" includes indexOf italics lastIndexOf link localeCompare match matchAll normalize padEnd padStart repeat replace" +
		" search slice small split strike sub substr substring sup startsWith trim trimStart trimLeft trimEnd trimRight" +
		" toLocaleLowerCase toLocaleUpperCase toLowerCase toUpperCase "
	numberMembers = " toExponential toFixed toPrecision "
)

// inherited says which values have a member of this name, or "" if none.
func inherited(name string) string {
	has := func(members string) bool { return strings.Contains(members, " "+name+" ") }
	if name == "" || strings.Contains(name, " ") {
		return ""
	}
	var holders []string
	if has(objectMembers) {
		return "the document"
	}
	if has(arrayMembers) {
		holders = append(holders, "an array")
	}
	if has(stringMembers) {
		holders = append(holders, "a string")
	}
	if has(numberMembers) {
		holders = append(holders, "a number")
	}
	return strings.Join(holders, " or ")
}
