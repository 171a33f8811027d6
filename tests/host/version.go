package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// publicVersions are those of the API, newest first.
var publicVersions = []string{
	"8.0.2.0", "8.0.1.0", "8.0.0.2", "8.0.0.1", "8.0.0.0",
	"7.0.3.2", "7.0.3.1", "7.0.3.0", "7.0.2.1", "7.0.2.0", "7.0.1.1",
	"7.0.1.0", "7.0.0.2", "7.0.0.0", "6.9.1", "6.8.7", "6.7.3", "6.7.2",
	"6.7.1", "6.7", "6.5", "6.0", "5.5", "5.1", "5.0", "4.1", "4.0",
}

func isVersion(v string) bool { return versionsUpTo(v) != nil }

func versionsUpTo(newest string) []string {
	for i, v := range publicVersions {
		if v == newest {
			return publicVersions[i:]
		}
	}
	return nil
}

// versions are the API versions a flavour knows, newest first.
func (h *Host) versions() []string {
	switch {
	case h.cfg.api != "":
		return versionsUpTo(h.cfg.api)
	case h.vc:
		// A vCenter lists its internal build version before the public ones.
		return append([]string{"uA046D008"}, publicVersions...)
	}
	return versionsUpTo("7.0.3.0")
}

func (h *Host) serveVersions(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	v := h.versions()
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8" ?><namespaces version="1.0"><namespace><name>urn:vim25</name>`)
	fmt.Fprintf(&b, "<version>%s</version><priorVersions>", v[0])
	for _, prior := range v[1:] {
		fmt.Fprintf(&b, "<version>%s</version>", prior)
	}
	b.WriteString("</priorVersions></namespace></namespaces>\n")
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write([]byte(b.String()))
	h.log.add("versions", fields{"agent": r.UserAgent()})
}

// atLeast compares dotted versions; an internal one is newer than all.
func atLeast(version, wanted string) bool {
	if strings.HasPrefix(version, "u") {
		return true
	}
	a, b := strings.Split(version, "."), strings.Split(wanted, ".")
	for i := range b {
		x, y := 0, 0
		if i < len(a) {
			x, _ = strconv.Atoi(a[i])
		}
		y, _ = strconv.Atoi(b[i])
		if x != y {
			return x > y
		}
	}
	return true
}

// oldest is the API a client gets that names no version.
const oldest = "2.5"

// actionVersion takes the version out of a SOAPAction header.
func (h *Host) actionVersion(r *http.Request) (string, error) {
	action, ok := r.Header["Soapaction"]
	if !ok {
		return "", fmt.Errorf("no SOAPAction header")
	}
	v := action[0]
	if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
		v = v[1 : len(v)-1]
	}
	switch {
	case v == nsVim || v == nsVim+"/" || v == "":
		return oldest, nil
	case !strings.HasPrefix(v, nsVim+"/"):
		return "", fmt.Errorf("SOAPAction %q is not %s/VERSION", v, nsVim)
	}
	v = v[len(nsVim)+1:]
	for _, known := range h.versions() {
		if v == known {
			return v, nil
		}
	}
	return "", &unsupportedVersion{nsVim + "/" + v}
}

// unsupportedVersion is its own error: it is the client's choice, not a
// malformed request.
type unsupportedVersion struct{ uri string }

func (e *unsupportedVersion) Error() string {
	return fmt.Sprintf("Unsupported version URI %q", e.uri)
}

// since says from which API version on a method exists.
var since = map[string]string{
	"ExportVm":                            "4.0",
	"HttpNfcLeaseProgress":                "4.0",
	"HttpNfcLeaseComplete":                "4.0",
	"HttpNfcLeaseAbort":                   "4.0",
	"CreateDescriptor":                    "4.0",
	"CreateImportSpec":                    "4.0",
	"ImportVApp":                          "4.0",
	"RetrievePropertiesEx":                "4.1",
	"ContinueRetrievePropertiesEx":        "4.1",
	"CancelRetrievePropertiesEx":          "4.1",
	"WaitForUpdatesEx":                    "4.1",
	"HttpNfcLeaseGetManifest":             "4.1",
	"ConsolidateVMDisks_Task":             "5.0",
	"ExportSnapshot":                      "5.5",
	"CreateSnapshotEx_Task":               "6.5",
	"HttpNfcLeaseSetManifestChecksumType": "6.7",
}
