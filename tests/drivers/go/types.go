// Every scalar type, bound and read back: its ends, the empty value where the type has one, null.

package main

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"net"
	"reflect"
	"strings"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"gopkg.in/inf.v0"
)

// scalars are the types with the values that are tried, and whether no bytes at all are a value.
var scalars = []struct {
	name   string
	empty  bool
	values []any
}{
	{"ascii", true, []any{"", "\x00 ~\x7f"}},
	{"text", true, []any{"", "a\x00é€😀", strings.Repeat("long ", 20_000)}},
	{"blob", true, []any{[]byte{}, []byte{0, 0xff}, bytes.Repeat([]byte{7}, 100_000)}},
	{"boolean", true, []any{false, true}},
	{"tinyint", false, []any{int8(math.MinInt8), int8(-1), int8(math.MaxInt8)}},
	{"smallint", false, []any{int16(math.MinInt16), int16(-1), int16(math.MaxInt16)}},
	{"int", true, []any{int32(math.MinInt32), int32(-1), int32(math.MaxInt32)}},
	{"bigint", true, []any{int64(math.MinInt64), int64(-1), int64(math.MaxInt64)}},
	{"varint", true, []any{*power(-200), *big.NewInt(-129), *big.NewInt(0), *power(200)}},
	{"decimal", true, []any{
		*inf.NewDec(0, 0), *inf.NewDecBig(power(200), 1_000), *inf.NewDecBig(power(-200), -1_000),
	}},
	{"float", true, []any{
		float32(-math.MaxFloat32), float32(math.SmallestNonzeroFloat32), float32(math.MaxFloat32),
		float32(math.Inf(-1)), float32(math.NaN()),
	}},
	{"double", true, []any{
		-math.MaxFloat64, math.SmallestNonzeroFloat64, math.MaxFloat64, math.Inf(1), math.NaN(),
		math.Copysign(0, -1),
	}},
	{"timestamp", true, []any{
		int64(math.MinInt64), int64(math.MaxInt64), time.UnixMilli(-1).UTC(), time.UnixMilli(0).UTC(),
	}},
	{"date", false, []any{day(math.MinInt32), day(-1), day(0), day(math.MaxInt32)}},
	{"time", false, []any{time.Duration(0), 24*time.Hour - 1}},
	{"duration", false, []any{
		gocql.Duration{Months: math.MinInt32, Days: math.MinInt32, Nanoseconds: math.MinInt64},
		gocql.Duration{},
		gocql.Duration{Months: math.MaxInt32, Days: math.MaxInt32, Nanoseconds: math.MaxInt64},
	}},
	{"uuid", true, []any{gocql.UUID{}, filled(0xff), gocql.MustRandomUUID()}},
	{"timeuuid", true, []any{gocql.MinTimeUUID(time.UnixMilli(0)), gocql.TimeUUID()}},
	{"inet", true, []any{
		net.IPv4(0, 0, 0, 0).To4(), net.IPv4bcast.To4(), net.IPv6zero, net.ParseIP("2001:db8::ff"),
	}},
}

func power(exponent int) *big.Int {
	magnitude := new(big.Int).Exp(big.NewInt(2), big.NewInt(int64(max(exponent, -exponent))), nil)
	if exponent < 0 {
		return magnitude.Neg(magnitude)
	}
	return magnitude
}

func day(days int64) time.Time {
	return time.UnixMilli(days * 24 * 60 * 60 * 1_000).UTC()
}

func filled(with byte) gocql.UUID {
	var id gocql.UUID
	for index := range id {
		id[index] = with
	}
	return id
}

// raw is a value as it goes over the wire, whatever its type.
type raw struct{ bytes []byte }

func (r raw) MarshalCQL(gocql.TypeInfo) ([]byte, error) { return r.bytes, nil }

func (r *raw) UnmarshalCQL(_ gocql.TypeInfo, data []byte) error {
	r.bytes = data
	return nil
}

func types(session *gocql.Session) {
	columns := make([]string, 0, len(scalars))
	for _, scalar := range scalars {
		columns = append(columns, "v_"+scalar.name+" "+scalar.name)
	}
	create := "CREATE TABLE driver.scalars (k text PRIMARY KEY, " + strings.Join(columns, ", ") + ")"
	must(session.Query(create).Exec(), create)
	tried := 0
	for _, scalar := range scalars {
		insert := fmt.Sprintf("INSERT INTO driver.scalars (k, v_%[1]s) VALUES (?, ?)", scalar.name)
		choose := fmt.Sprintf("SELECT v_%[1]s FROM driver.scalars WHERE k = ?", scalar.name)
		turn := func(value, into any, what string) {
			must(session.Query(insert, scalar.name, value).Exec(), what+" bound as "+scalar.name)
			must(session.Query(choose, scalar.name).Scan(into), what+" read as "+scalar.name)
			tried++
		}
		for _, value := range scalar.values {
			what := shortened(value)
			into := reflect.New(reflect.TypeOf(value))
			turn(value, into.Interface(), what)
			if !same(into.Elem().Interface(), value) {
				got := shortened(into.Elem().Interface())
				must(fmt.Errorf("expected %s, got %s", what, got), scalar.name)
			}
		}
		got := raw{}
		if scalar.empty {
			turn(raw{[]byte{}}, &got, "empty")
			expect(got.bytes != nil && len(got.bytes) == 0, true, "whether an empty value came back")
		}
		turn(nil, &got, "null")
		expect(got.bytes == nil, true, "whether null came back")
	}
	fmt.Printf("types: %d values of %d types\n", tried, len(scalars))
}

func same(a, b any) bool {
	switch a := a.(type) {
	case float32:
		return math.Float32bits(a) == math.Float32bits(b.(float32))
	case float64:
		return math.Float64bits(a) == math.Float64bits(b.(float64))
	case time.Time:
		return a.Equal(b.(time.Time))
	case net.IP:
		return a.Equal(b.(net.IP))
	case big.Int:
		other := b.(big.Int)
		return a.Cmp(&other) == 0
	case inf.Dec:
		other := b.(inf.Dec)
		return a.Scale() == other.Scale() && a.Cmp(&other) == 0
	case []byte:
		return bytes.Equal(a, b.([]byte))
	}
	return reflect.DeepEqual(a, b)
}

func shortened(value any) string {
	shown := fmt.Sprintf("%v", value)
	return fmt.Sprintf("%.60q", shown)
}
