package columns

import (
	"strings"

	"outboundbot/storage"
)

// fillPersons looks contacts up only if the values may stand for one that has none.
func (f *field) fillPersons(s *selection, out []uint32) error {
	persons, err := s.persons()
	if err != nil {
		return err
	}
	if f.ofPerson == nil {
		if err := f.resolve(); err != nil {
			return err
		}
	}
	for _, run := range s.runs {
		for i := run.lo; i < run.hi; i++ {
			v, ok := f.ofPerson[persons[i]]
			if !ok {
				if v, err = f.unresolved(s, run.run, persons[i]); err != nil {
					return err
				}
			}
			out[i] = v
		}
	}
	return nil
}

// resolve finds the persons that the conditions name.
func (f *field) resolve() error {
	f.ofPerson = map[uint32]uint32{}
	f.variety(&storage.Send{Contact: nobody, Token: nobody})
	for _, c := range f.plan.where {
		if c.field != f {
			continue
		}
		for value := range c.values {
			asked := []storage.Contact{{ID: value}}
			if token, is := strings.CutPrefix(value, "~"); is {
				asked = append(asked, storage.Contact{Token: token})
			}
			f.plan.anybody = f.plan.anybody || strings.Trim(value, "~") == ""
			for _, a := range asked {
				persons, err := f.plan.view.Persons(a)
				if err != nil {
					return err
				}
				for _, person := range persons {
					f.plan.candidates[person] = true
				}
			}
		}
	}
	return nil
}

// nobody is a contact that no condition names.
const nobody = "\x00"

func (f *field) unresolved(s *selection, run *run, person uint32) (uint32, error) {
	if !f.plan.candidates[person] && !f.plan.anybody {
		return 0, nil
	}
	contact, err := f.plan.view.Contact(person)
	if err != nil {
		return 0, err
	}
	channel := s.names[runChannel][run.codes[runChannel]]
	v := f.variety(&storage.Send{Contact: contact, Token: storage.TokenOf(f.plan.view.Secret, channel, contact)})
	f.ofPerson[person] = v
	return v, nil
}
