package devices

import (
	"reflect"
	"slices"
)

// Clone returns a deep copy.
func (c Config) Clone() Config {
	c.Interfaces = slices.Clone(c.Interfaces)
	for i := range c.Interfaces {
		c.Interfaces[i].IPv6 = slices.Clone(c.Interfaces[i].IPv6)
	}
	c.VRFs = slices.Clone(c.VRFs)
	c.Routes = slices.Clone(c.Routes)
	c.AccessLists = slices.Clone(c.AccessLists)
	for i := range c.AccessLists {
		c.AccessLists[i].Entries = slices.Clone(c.AccessLists[i].Entries)
	}
	c.Enable = slices.Clone(c.Enable)
	c.Users = slices.Clone(c.Users)
	c.VTYs = slices.Clone(c.VTYs)
	if c.LISP != nil {
		l := c.LISP.clone()
		c.LISP = &l
	}
	return c
}

func (l LISP) clone() LISP {
	l.LocatorSets = slices.Clone(l.LocatorSets)
	for i := range l.LocatorSets {
		l.LocatorSets[i].Locators = slices.Clone(l.LocatorSets[i].Locators)
	}
	l.EIDTables = slices.Clone(l.EIDTables)
	for i := range l.EIDTables {
		t := &l.EIDTables[i]
		t.Mappings, t.MapCache = slices.Clone(t.Mappings), slices.Clone(t.MapCache)
		for j := range t.Mappings {
			t.Mappings[j].Locators = slices.Clone(t.Mappings[j].Locators)
		}
	}
	l.Sites = slices.Clone(l.Sites)
	for i := range l.Sites {
		l.Sites[i].EIDPrefixes = slices.Clone(l.Sites[i].EIDPrefixes)
	}
	l.IPv4, l.IPv6 = l.IPv4.clone(), l.IPv6.clone()
	return l
}

func (s LISPService) clone() LISPService {
	s.ITRMapResolvers = slices.Clone(s.ITRMapResolvers)
	s.ETRMapServers = slices.Clone(s.ETRMapServers)
	s.UsePETRs = slices.Clone(s.UsePETRs)
	return s
}

// Equal tells whether two configurations say the same. An empty list equals no list.
func (c Config) Equal(o Config) bool {
	return reflect.DeepEqual(c.withoutEmpty(), o.withoutEmpty())
}

// withoutEmpty returns a deep copy in which empty lists are nil.
func (c Config) withoutEmpty() Config {
	c = c.Clone()
	emptyToNil(reflect.ValueOf(&c).Elem())
	return c
}

func emptyToNil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			emptyToNil(v.Elem())
		}
	case reflect.Slice:
		if v.Len() == 0 && v.CanSet() {
			v.SetZero()
		}
		for i := range v.Len() {
			emptyToNil(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				emptyToNil(v.Field(i))
			}
		}
	}
}
