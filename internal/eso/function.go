package eso

import (
	"slices"
	"strings"
	"sync"
)

// functionNames are the functions of ESO's template engine v2 in any release:
// sprig's without env and expandenv, and ESO's own (runtime/template/v2,
// template.go; facts: eso-templates.md C6). A test of package proof holds them
// against the functions themselves.
var functionNames = sync.OnceValue(func() []string {
	return strings.Fields(`
		abbrev abbrevboth add add1 add1f addf adler32sum ago all any append atoi b32dec b32enc b64dec b64enc base bcrypt biggest buildCustomCert camelcase
		cat ceil certSANs chunk clean coalesce compact concat contains date dateInZone dateModify date_in_zone date_modify decryptAES deepCopy deepEqual
		default derivePassword dict dig dir div divf duration durationRound empty encryptAES ext fail filterCertChain filterPEM first float64 floor fromJson
		fromYaml fullPemToPkcs12 fullPemToPkcs12Pass genCA genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert
		genSignedCertWithKey get getHostByName getSecretKey has hasKey hasPrefix hasSuffix hello hexdec htmlDate htmlDateInZone htpasswd indent initial
		initials int int64 isAbs join jwkPrivateKeyPem jwkPublicKeyPem kebabcase keys kindIs kindOf last list lower max maxf merge mergeOverwrite min minf
		mod mul mulf mustAppend mustChunk mustCompact mustDateModify mustDeepCopy mustFirst mustFromJson mustHas mustInitial mustLast mustMerge
		mustMergeOverwrite mustPrepend mustPush mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit
		mustRest mustReverse mustSlice mustToDate mustToJson mustToPrettyJson mustToRawJson mustUniq mustWithout must_date_modify nindent nospace now omit
		osBase osClean osDir osExt osIsAbs pemToPkcs12 pemToPkcs12Pass pemTruststoreToPKCS12 pemTruststoreToPKCS12Pass pick pkcs12cert pkcs12certPass
		pkcs12key pkcs12keyPass pluck plural prepend push quote randAlpha randAlphaNum randAscii randBytes randInt randNumeric regexFind regexFindAll
		regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral regexSplit repeat replace rest reverse round rsaDecrypt semver semverCompare seq set
		sha1sum sha256sum sha512sum shuffle slice snakecase sortAlpha split splitList splitn squote sub subf substr swapcase ternary title toDate toDecimal
		toJson toPrettyJson toRawJson toString toStrings toYaml trim trimAll trimPrefix trimSuffix trimall trunc tuple typeIs typeIsLike typeOf uniq
		unixEpoch unset until untilStep untitle upper urlJoin urlParse uuidv4 values without wrap wrapWith
		and or not eq ne lt le gt ge index len print printf println html js urlquery slice call`)
})

// functionFacts are the releases of those functions that aren't in all.
var functionFacts = map[string]fact{
	"certSANs":                  {first: release{2, 2, 0}},
	"filterCertChain":           {first: release{0, 12, 0}},
	"getHostByName":             {last: release{2, 2, 99}},
	"getSecretKey":              {first: release{0, 20, 2}, last: release{1, 1, 99}},
	"hexdec":                    {first: release{2, 7, 0}},
	"pemTruststoreToPKCS12":     {first: release{0, 20, 0}},
	"pemTruststoreToPKCS12Pass": {first: release{0, 20, 0}},
	"rsaDecrypt":                {first: release{0, 20, 2}},
	"sha512sum":                 {first: release{2, 3, 0}},
}

// IsFunction reports whether some release's templates have a function.
func IsFunction(name string) bool { return slices.Contains(functionNames(), name) }

// HasFunction reports whether the templates of every release of the profile
// have a function.
func (p Profile) HasFunction(name string) bool {
	f, ok := functionFacts[name]
	if !ok {
		return IsFunction(name)
	}
	_, lo, hi := p.span()
	return f.covers(lo, hi)
}

// Functions lists the functions that the templates of every release of the
// profile have, sorted.
func (p Profile) Functions() []string {
	names := slices.DeleteFunc(slices.Clone(functionNames()), func(name string) bool { return !p.HasFunction(name) })
	slices.Sort(names)
	return slices.Compact(names)
}
