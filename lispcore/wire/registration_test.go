package wire

import "testing"

const hexRegistration = `
	0011 004c 00000003                  # Registration, 76 bytes, ID 3
	30000101 0102030405060708 00 01 0014
	c7c3e111de609a8f573f9ad525cc9269c1b21e2d
	` + hexRegisterRecord + `
	9facade9                            # end marker
`

func registrationVectors(t testing.TB) []streamVector {
	return []streamVector{
		{"the Map-Register of a UDP payload", hexRegistration, 3,
			&Registration{Register: unhex(t, registerVectors()[0].hex)}},
	}
}

func TestRegistration(t *testing.T) {
	testStreamVectors(t, registrationVectors(t))
}

// The Map-Register inside is a part of the frame's bytes, neither copied nor changed: the MAC is made over them.
func TestRegistrationRegister(t *testing.T) {
	f := wholeFrame(t, unhex(t, hexRegistration))
	m, err := ParseStream(f)
	if err != nil {
		t.Fatal(err)
	}
	register := m.(*Registration).Register
	if &register[0] != &f.Data[0] || len(register) != len(f.Data) {
		t.Error("Register is not the frame's data")
	}
	testMAC(t, register, vectorKey)
}
