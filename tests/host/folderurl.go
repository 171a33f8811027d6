package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/vmware/govmomi/simulator"
)

// A server of datastore files takes names apart twice: once as a URL, once as
// names of the inventory, in which these characters must still be escaped
// after the first time.  So "a+b" is found as a%252Bb only, "EP&T" as EP%2526T;
// a name without such a character is found however it is written.
const mustStayEscaped = "+&#?=;\\"

// folderName is a name of a URL: as it came, decoded once and decoded twice.
type folderName struct {
	raw, once, text string
	ok              bool // false: nothing can have such a name
}

func readName(raw string) (folderName, error) {
	once, err := url.PathUnescape(raw)
	if err != nil {
		return folderName{}, err
	}
	n := folderName{raw: raw, once: once}
	if !strings.ContainsAny(once, mustStayEscaped) {
		n.text, err = url.PathUnescape(once)
		n.ok = err == nil
	}
	return n, nil
}

// same takes a name as the inventory writes it or as it is.
func same(text, written string) bool {
	return text == written || text == unescapeName(written)
}

// is compares with one name.
func (n folderName) is(written string) bool {
	return n.ok && !strings.Contains(n.once, "/") && same(n.text, written)
}

// isPath compares with a path of names; its slashes may be encoded too, and
// one may stand in front (govmomi's finder writes it so).
func (n folderName) isPath(names []string) bool {
	parts := strings.Split(strings.TrimPrefix(n.text, "/"), "/")
	if strings.Contains(n.once, "/") {
		parts = strings.Split(strings.TrimPrefix(n.once, "/"), "/")
		for i := range parts {
			parts[i], _ = url.PathUnescape(parts[i])
		}
	}
	ok := n.ok && len(parts) == len(names)
	for i := 0; ok && i < len(parts); i++ {
		ok = same(parts[i], names[i])
	}
	return ok
}

// folderURL is what a request for a file means.
type folderURL struct {
	path   []folderName
	dc, ds folderName
	hasDC  bool
}

// readFolderURL takes the request's own text: whatever decodes it on the way
// loses what matters here.
func readFolderURL(uri string) (*folderURL, error) {
	for i := 0; i < len(uri); i++ {
		if c := uri[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return nil, fmt.Errorf("byte %#02x in the URL is not encoded", c)
		}
	}
	u := &folderURL{}
	raw, query, _ := strings.Cut(strings.TrimPrefix(uri, "/folder"), "?")
	for _, seg := range strings.Split(strings.TrimPrefix(raw, "/"), "/") {
		n, err := readName(seg)
		if err != nil {
			return nil, err
		}
		u.path = append(u.path, n)
	}
	for _, arg := range strings.Split(query, "&") {
		key, value, _ := strings.Cut(arg, "=")
		n, err := readName(value)
		if err != nil {
			return nil, err
		}
		switch key {
		case "dcPath":
			u.dc, u.hasDC = n, true
		case "dsName":
			u.ds = n
		}
	}
	return u, nil
}

// datastore finds the one that is meant.  An ESXi knows its own datacenter
// and needs no path to it; a vCenter needs the path, from the root on.
func (h *Host) folderDatastore(u *folderURL) *simulator.Datastore {
	for _, o := range simulator.Map.All("Datacenter") {
		dc := o.(*simulator.Datacenter)
		if u.hasDC && !u.dc.isPath(h.datacenterPath(dc)) || !u.hasDC && h.vc {
			continue
		}
		for _, ref := range dc.Datastore {
			ds := simulator.Map.Get(ref).(*simulator.Datastore)
			if u.ds.is(ds.Name) {
				return ds
			}
		}
	}
	return nil
}

// datacenterPath is the inventory path of a datacenter, from the root on.
func (h *Host) datacenterPath(dc *simulator.Datacenter) []string {
	path := []string{dc.Name}
	for up := dc.Parent; up != nil && *up != h.content.RootFolder; {
		f, ok := simulator.Map.Get(*up).(*simulator.Folder)
		if !ok {
			break
		}
		path = append([]string{f.Name}, path...)
		up = f.Parent
	}
	return path
}
