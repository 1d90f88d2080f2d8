//! Random numbers that stay the same: a generator and samplers that are part of the method, not of a library's version.
//!
//! A seed stands in every verdict that used one, and must give the same draws in ten years. The generator is xoshiro256++
//! (Blackman and Vigna, 2019), seeded by SplitMix64.

use libm::{cos, exp, log, pow, sqrt};

/// A generator of random numbers. It is for statistics and simulation, and no use for secrets.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        let mut mix = seed;
        let mut next = || {
            mix = mix.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = mix;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self { state: [next(), next(), next(), next()] }
    }

    /// The generator of one numbered part of a seed's work, so that parts can be drawn in any order.
    pub fn part(seed: u64, part: u64) -> Self {
        Self::new(Self::new(seed).whole() ^ part.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// 64 random bits.
    pub fn whole(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let t = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= t;
        *d = d.rotate_left(45);
        result
    }

    /// A number in `[0, 1)`, of 53 bits.
    pub fn uniform(&mut self) -> f64 {
        // OK: 53 bits fit a double exactly.
        (self.whole() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A whole number below `bound`, each as likely as the others; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Lemire's method: the high half of a product, rejecting the few that would make low numbers likelier.
        let least = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.whole()) * u128::from(bound);
            // OK: the halves of a product of 128 bits.
            if (product as u64) >= least {
                return (product >> 64) as u64;
            }
        }
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// A standard normal number (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = sqrt(-2.0 * log(1.0 - self.uniform()));
        radius * cos(2.0 * std::f64::consts::PI * self.uniform())
    }

    /// `exp(mean + deviation · Z)`.
    pub fn log_normal(&mut self, mean: f64, deviation: f64) -> f64 {
        exp(mean + deviation * self.normal())
    }

    /// A waiting time of mean 1.
    pub fn exponential(&mut self) -> f64 {
        -log(1.0 - self.uniform())
    }

    /// Gamma(shape, scale 1), for `shape > 0` (Marsaglia and Tsang, 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = pow(1.0 - self.uniform(), 1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / sqrt(9.0 * d);
        loop {
            let z = self.normal();
            let v = 1.0 + c * z;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            if log(1.0 - self.uniform()) < 0.5 * z * z + d - d * v + d * log(v) {
                return d * v;
            }
        }
    }

    /// Beta(a, b), for `a, b > 0`.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let x = self.gamma(a);
        let y = self.gamma(b);
        if x + y > 0.0 { x / (x + y) } else { 0.5 }
    }

    /// How many of `trials` succeed, each with this probability.
    pub fn binomial(&mut self, trials: u64, probability: f64) -> u64 {
        if probability <= 0.0 || trials == 0 {
            return 0;
        }
        if probability >= 1.0 {
            return trials;
        }
        if probability > 0.5 {
            return trials - self.binomial(trials, 1.0 - probability);
        }
        // Waiting times between successes: as many steps as there are successes.
        let ln_failure = libm::log1p(-probability);
        let mut passed = 0.0;
        let mut successes = 0;
        loop {
            passed += libm::floor(log(1.0 - self.uniform()) / ln_failure) + 1.0;
            if passed > trials as f64 {
                return successes;
            }
            successes += 1;
        }
    }

    /// How many events of this mean happen.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        let mut events = 0;
        let mut time = self.exponential();
        while time < mean {
            events += 1;
            time += self.exponential();
        }
        events
    }

    /// Puts the items into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // OK: below `last + 1`, which is a `usize`.
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_draws_for_ever() {
        let mut random = Random::new(7);
        let first: Vec<u64> = (0..3).map(|_| random.whole()).collect();
        assert_eq!(
            first,
            [1_021_219_803_524_665_661, 3_174_977_118_032_272_916, 13_236_943_193_235_544_178],
            "changed draws would change every verdict"
        );
    }

    #[test]
    fn moments() {
        let mut random = Random::new(1);
        let n = 200_000;
        let mut mean_of = |draw: fn(&mut Random) -> f64| {
            let values: Vec<f64> = (0..n).map(|_| draw(&mut random)).collect();
            let mean = values.iter().sum::<f64>() / f64::from(n);
            let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / f64::from(n - 1);
            (mean, variance)
        };
        for (draw, mean, variance) in [
            (Random::normal as fn(&mut Random) -> f64, 0.0, 1.0),
            (Random::exponential, 1.0, 1.0),
            (|r: &mut Random| r.gamma(0.4), 0.4, 0.4),
            (|r: &mut Random| r.gamma(6.0), 6.0, 6.0),
            (|r: &mut Random| r.beta(19.0, 1.0), 0.95, 0.95 * 0.05 / 21.0),
            (|r: &mut Random| r.binomial(100, 0.97) as f64, 97.0, 2.91),
            (|r: &mut Random| r.poisson(3.0) as f64, 3.0, 3.0),
            (|r: &mut Random| r.below(10) as f64, 4.5, 8.25),
        ] {
            let (found, spread) = mean_of(draw);
            // Six standard errors of a fixed seed: not a matter of luck.
            assert!((found - mean).abs() < 6.0 * sqrt(variance / f64::from(n)), "mean {found}, expected {mean}");
            assert!((spread / variance - 1.0).abs() < 0.05, "variance {spread}, expected {variance}");
        }
    }
}
