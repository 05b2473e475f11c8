package gazetteer

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strings"
)

// A kind says how a city came by one of its names.
type kind uint8

const (
	primary   kind = iota // the name it is listed under
	alternate             // another name, in any language
	later                 // the end of the primary name, from a later word on: "york city"
)

// A posting is a city that bears a name: its kind above, its number below. Cities
// are numbered by population, so that the smaller posting is the better match.
type posting uint32

const kindShift = 24

func post(k kind, city int) posting {
	return posting(k)<<kindShift | posting(city) //nolint:gosec // a city's number; there are thousands
}

func (p posting) kind() kind { return kind(p >> kindShift) }
func (p posting) city() int  { return int(p & (1<<kindShift - 1)) }

// An index is every folded name in order, each beside one city that bears it.
type index struct {
	names    []string
	postings []posting
}

// An entry is one line of an index while it is put together.
type entry struct {
	head uint64 // the first eight bytes of name
	name string
	posting
}

func newEntry(name string, k kind, city int) entry {
	var head [8]byte
	copy(head[:], name)
	return entry{binary.BigEndian.Uint64(head[:]), name, post(k, city)}
}

// newIndex sorts the entries into an index. Comparing heads first spares most of
// the trips to the names, and a third of the time it takes to open a gazetteer.
func newIndex(entries []entry) index {
	slices.SortFunc(entries, func(a, b entry) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return cmp.Compare(a.posting, b.posting)
	})
	x := index{names: make([]string, len(entries)), postings: make([]posting, len(entries))}
	for i, e := range entries {
		x.names[i], x.postings[i] = e.name, e.posting
	}
	return x
}

// exact returns the postings of the name, best first.
func (x *index) exact(name string) []posting {
	from := sort.SearchStrings(x.names, name)
	to := from
	for to < len(x.names) && x.names[to] == name {
		to++
	}
	return x.postings[from:to]
}

// prefixed returns the postings of the names that begin with the prefix, in no
// useful order.
func (x *index) prefixed(prefix string) []posting {
	from := sort.SearchStrings(x.names, prefix)
	length := sort.Search(len(x.names)-from, func(i int) bool {
		return !strings.HasPrefix(x.names[from+i], prefix)
	})
	return x.postings[from : from+length]
}
