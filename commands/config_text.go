package commands

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// instancePrefixText writes an EID prefix with its instance, as eid-prefix lines do.
func instancePrefixText(instance uint32, p netip.Prefix) string {
	if instance == 0 {
		return prefixText(p)
	}
	return fmt.Sprintf("instance-id %d %s", instance, prefixText(p))
}

var placeName = regexp.MustCompile(`\$[a-z0-9]+`)

// placesText is a syntax without the names of its places, as a reader wants it.
func placesText(syntax string) string {
	return strings.ReplaceAll(placeName.ReplaceAllString(syntax, ""), "{exec}", "COMMAND")
}
