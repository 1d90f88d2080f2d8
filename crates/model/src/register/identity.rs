//! The life-cycle identity of a robot: 29 characters in four parts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The identity that a robot keeps for its whole life: 2 characters for the country (GB/T 2659.1), 4 for the maker, 6 for the
/// model, 17 for the serial number. The structure has no check character, so that a mistyped serial cannot be told from
/// another; length, letters and country are checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RobotIdentity(String);

/// Characters of an identity.
const LENGTH: usize = 29;

/// Why a text is no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Too short or too long.
    #[error("`{text}` has {found} characters, and an identity has {LENGTH}: 2 country, 4 maker, 6 model, 17 serial")]
    Length {
        /// The text.
        text: String,
        /// Its characters.
        found: usize,
    },
    /// A character that cannot stand there.
    #[error(
        "character {place} of `{text}`, in its {part}, is `{found}`; it must be a digit or a capital letter from A to Z"
    )]
    Letter {
        /// The text.
        text: String,
        /// From 1.
        place: usize,
        /// The part that it is in.
        part: &'static str,
        /// The character.
        found: char,
    },
    /// A country that there is not.
    #[error("`{country}` of `{text}` is no country of GB/T 2659.1 (ISO 3166-1 alpha-2)")]
    Country {
        /// The text.
        text: String,
        /// Its first two characters.
        country: String,
    },
}

impl RobotIdentity {
    /// The country: two capital letters.
    pub fn country(&self) -> &str {
        self.part(0, 2)
    }

    /// The maker's code.
    pub fn maker(&self) -> &str {
        self.part(2, 6)
    }

    /// The model's code.
    pub fn model(&self) -> &str {
        self.part(6, 12)
    }

    /// The serial number.
    pub fn serial(&self) -> &str {
        self.part(12, LENGTH)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, from: usize, to: usize) -> &str {
        // The text is ASCII of the right length: nothing else becomes an identity.
        self.0.get(from..to).unwrap_or_default()
    }
}

impl FromStr for RobotIdentity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let shown = || text.chars().take(2 * LENGTH).collect::<String>();
        let found = text.chars().count();
        if found != LENGTH {
            return Err(IdentityError::Length { text: shown(), found });
        }
        let wrong = |letter: &char| !(letter.is_ascii_uppercase() || letter.is_ascii_digit());
        if let Some((at, found)) = text.chars().enumerate().find(|(_, letter)| wrong(letter)) {
            let part = match at {
                0..2 => "country",
                2..6 => "maker",
                6..12 => "model",
                _ => "serial",
            };
            return Err(IdentityError::Letter { text: shown(), place: at + 1, part, found });
        }
        let country = text.get(..2).unwrap_or_default();
        if !is_country(country) {
            return Err(IdentityError::Country { text: shown(), country: country.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for RobotIdentity {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<RobotIdentity> for String {
    fn from(identity: RobotIdentity) -> Self {
        identity.0
    }
}

impl fmt::Display for RobotIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The codes of ISO 3166-1 alpha-2, which GB/T 2659.1 takes over.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
     BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM \
     FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO \
     JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT \
     MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA \
     SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US \
     UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

fn is_country(code: &str) -> bool {
    COUNTRIES.split_ascii_whitespace().any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_four_parts() {
        let identity: RobotIdentity = "CN0451G1EDU0202600000000012AB".parse().expect("an identity");
        assert_eq!((identity.country(), identity.maker(), identity.model()), ("CN", "0451", "G1EDU0"));
        assert_eq!(identity.serial(), "202600000000012AB");
        assert_eq!(serde_json::to_string(&identity).expect("JSON"), "\"CN0451G1EDU0202600000000012AB\"");
        assert_eq!(COUNTRIES.split_ascii_whitespace().count(), 249);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |text: &str| text.parse::<RobotIdentity>().expect_err("no identity").to_string();
        assert_eq!(
            refused("CN0451G1EDU0202600000000012A"),
            "`CN0451G1EDU0202600000000012A` has 28 characters, and an identity has 29: 2 country, 4 maker, 6 model, 17 serial"
        );
        assert!(refused("CN0451G1EDU0202600000000012AB0").contains("has 30 characters"));
        assert_eq!(
            refused("CN0451g1EDU0202600000000012AB"),
            "character 7 of `CN0451g1EDU0202600000000012AB`, in its model, is `g`; it must be a digit or a capital letter from A to Z"
        );
        assert!(refused("XX0451G1EDU0202600000000012AB").contains("`XX` of"));
        assert!(refused("1N0451G1EDU0202600000000012AB").contains("no country"));
        assert!(refused("CN0451G1EDU020260000000001二AB").contains("in its serial, is `二`"));
    }
}
