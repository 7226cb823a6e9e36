// The functions of bench/workloads/functions.py, in JavaScript.

export const FUNCTIONS = {
  CountUp: ({ count }) => ({ count: count + 1 }),
  Weigh: ({ parcel }) => ({ parcel, grams: parcel * 3 + 100 }),
  Stamp: ({ parcel, grams }) => ({ parcel, grams, cents: Math.floor(grams / 10) }),
  Label: ({ parcel }) => ({ parcel, label: `P${parcel}` }),
  Insure: ({ cents }) => ({ insured: cents > 20, cents: cents + 5 }),
  HandOver: ([{ label }, { cents, insured }]) => ({ label, cents, insured }),
};
