//! The grammar of OMG IDL 4.2, as far as it describes data.
//!
//! Source: OMG Interface Definition Language 4.2, chapters 7.4 (grammar) and 8 (annotations).

use std::collections::BTreeMap;

use super::DecodeError;
use super::idl_lex::{Token, tokens};
use super::schema::{Extensibility, MAX_DEPTH, Primitive};

/// A type as written: names are not resolved yet.
#[derive(Debug, Clone)]
pub(crate) enum RawType {
    Primitive(Primitive),
    Text,
    WideText,
    /// A name, and the scope that it was used in.
    Named {
        scope: Vec<String>,
        name: Vec<String>,
        absolute: bool,
    },
    Sequence(Box<RawType>, Option<usize>),
    Array(Box<RawType>, usize),
    /// A type that is not decoded.
    Refused(&'static str),
}

/// A field as written.
#[derive(Debug, Clone)]
pub(crate) struct RawMember {
    pub(crate) name: String,
    pub(crate) kind: RawType,
    pub(crate) id: Option<u32>,
    pub(crate) optional: bool,
    /// Whether the id is a hash of the name.
    pub(crate) hashed: bool,
}

/// A case of a union as written.
#[derive(Debug, Clone)]
pub(crate) struct RawCase {
    pub(crate) labels: Vec<i64>,
    pub(crate) default: bool,
    pub(crate) member: RawMember,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(crate) enum Definition {
    Struct { extensibility: Extensibility, base: Option<RawType>, members: Vec<RawMember>, hashed: bool },
    Union { extensibility: Extensibility, discriminator: RawType, cases: Vec<RawCase> },
    Enum(Primitive),
    Alias(RawType),
    Refused(&'static str),
}

/// Everything that a text defines, by full name (`pkg::msg::Type`).
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    pub(crate) types: BTreeMap<String, Definition>,
    constants: BTreeMap<String, i128>,
}

impl Definitions {
    /// The full name that `name` stands for in `scope`: the innermost scope that has it.
    pub(crate) fn resolve(&self, scope: &[String], name: &[String], absolute: bool) -> Option<String> {
        candidates(scope, name, absolute).find(|full| self.types.contains_key(full))
    }

    fn constant(&self, scope: &[String], name: &[String], absolute: bool) -> Option<i128> {
        candidates(scope, name, absolute).find_map(|full| self.constants.get(&full).copied())
    }
}

fn candidates(scope: &[String], name: &[String], absolute: bool) -> impl Iterator<Item = String> {
    let outermost = if absolute { 0 } else { scope.len() };
    (0..=outermost).rev().map(move |depth| [&scope[..depth], name].concat().join("::"))
}

/// What stands before a definition or a member.
#[derive(Debug, Clone, Default)]
struct Annotations {
    extensibility: Extensibility,
    optional: bool,
    id: Option<u32>,
    value: Option<i128>,
    bit_bound: Option<i128>,
    hashed: bool,
}

/// Parses `text` into what it defines. The first definition of a name counts.
pub(crate) fn parse(text: &str) -> Result<Definitions, DecodeError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, scope: Vec::new(), found: Definitions::default() };
    while parser.at < parser.tokens.len() {
        parser.definition()?;
    }
    Ok(parser.found)
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    /// The modules that are open.
    scope: Vec<String>,
    found: Definitions,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn sees(&self, sign: char) -> bool {
        self.peek() == Some(&Token::Sign(sign))
    }

    fn sees_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    /// Passes over `sign` if it is next.
    fn skip(&mut self, sign: char) -> bool {
        let seen = self.sees(sign);
        self.at += usize::from(seen);
        seen
    }

    fn skip_word(&mut self, word: &str) -> bool {
        let seen = self.sees_word(word);
        self.at += usize::from(seen);
        seen
    }

    fn wrong(&self, expected: &str) -> DecodeError {
        let line = self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(_, line)| *line);
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Integer(number)) => format!("`{number}`"),
            Some(Token::Literal) => "a literal".to_owned(),
            Some(Token::Scope) => "`::`".to_owned(),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
        };
        DecodeError(format!("line {line}: found {found} where {expected} was expected"))
    }

    fn need(&mut self, sign: char) -> Result<(), DecodeError> {
        if self.skip(sign) { Ok(()) } else { Err(self.wrong(&format!("`{sign}`"))) }
    }

    fn word(&mut self) -> Result<String, DecodeError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                // A leading underscore lets a name be a keyword; it is no part of the name.
                let word = word.strip_prefix('_').unwrap_or(word).to_owned();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.wrong("a name")),
        }
    }

    fn scoped(&mut self) -> Result<(Vec<String>, bool), DecodeError> {
        let mut absolute = false;
        if self.peek() == Some(&Token::Scope) {
            absolute = true;
            self.at += 1;
        }
        let mut name = vec![self.word()?];
        while self.peek() == Some(&Token::Scope) {
            self.at += 1;
            name.push(self.word()?);
        }
        Ok((name, absolute))
    }

    fn full_name(&self, name: &str) -> String {
        self.scope.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("::")
    }

    fn define(&mut self, name: &str, definition: Definition) {
        let name = self.full_name(name);
        self.found.types.entry(name).or_insert(definition);
    }

    fn definition(&mut self) -> Result<(), DecodeError> {
        if self.skip(';') {
            return Ok(());
        }
        let annotations = self.annotations()?;
        if self.peek().is_none() {
            return Ok(());
        }
        match self.word()?.as_str() {
            "module" => return self.module(),
            "struct" => self.structure(annotations)?,
            "union" => self.union(annotations)?,
            "enum" => self.enumeration(annotations)?,
            "bitmask" => self.bitmask(annotations)?,
            "typedef" => self.alias()?,
            "const" => self.constant()?,
            "bitset" => self.refused("bitset")?,
            "valuetype" => self.refused("valuetype")?,
            "interface" => self.refused("interface")?,
            "exception" => self.refused("exception")?,
            "native" => self.refused("native type")?,
            _ => {
                self.at -= 1;
                return Err(self.wrong("a definition"));
            }
        }
        // Some generators leave the semicolon out.
        self.skip(';');
        Ok(())
    }

    fn module(&mut self) -> Result<(), DecodeError> {
        let name = self.word()?;
        if self.scope.len() >= MAX_DEPTH {
            return Err(DecodeError(format!("modules are nested deeper than {MAX_DEPTH}")));
        }
        self.scope.push(name);
        self.need('{')?;
        while !self.skip('}') {
            if self.peek().is_none() {
                return Err(self.wrong("`}`"));
            }
            self.definition()?;
        }
        self.skip(';');
        self.scope.pop();
        Ok(())
    }

    /// Passes over a definition that is not decoded, and remembers its name.
    fn refused(&mut self, what: &'static str) -> Result<(), DecodeError> {
        let name = self.word()?;
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None => break,
                Some(Token::Sign(';')) if open == 0 => break,
                Some(Token::Sign('{')) => open += 1,
                Some(Token::Sign('}')) => open = open.saturating_sub(1),
                Some(_) => {}
            }
            self.at += 1;
        }
        self.define(&name, Definition::Refused(what));
        Ok(())
    }

    fn annotations(&mut self) -> Result<Annotations, DecodeError> {
        let mut found = Annotations::default();
        while self.skip('@') {
            let (name, _) = self.scoped()?;
            let name = name.last().map(String::as_str).unwrap_or_default().to_owned();
            if name == "annotation" {
                // The definition of an annotation.
                self.refused("annotation")?;
                self.skip(';');
                continue;
            }
            let start = self.at;
            let argument = if self.sees('(') { self.parenthesis()? } else { None };
            let first_word = match self.tokens.get(start + 1) {
                Some((Token::Word(word), _)) if self.at > start => word.to_ascii_uppercase(),
                _ => String::new(),
            };
            match name.as_str() {
                "final" => found.extensibility = Extensibility::Final,
                "appendable" => found.extensibility = Extensibility::Appendable,
                "mutable" => found.extensibility = Extensibility::Mutable,
                "extensibility" => {
                    found.extensibility = match first_word.as_str() {
                        "FINAL" => Extensibility::Final,
                        "APPENDABLE" => Extensibility::Appendable,
                        "MUTABLE" => Extensibility::Mutable,
                        _ => found.extensibility,
                    };
                }
                "optional" => found.optional = first_word != "FALSE",
                "id" => found.id = argument.and_then(|id| u32::try_from(id).ok()),
                "value" | "position" => found.value = argument,
                "bit_bound" => found.bit_bound = argument,
                "hashid" => found.hashed = true,
                "autoid" => found.hashed = first_word != "SEQUENTIAL",
                _ => {}
            }
        }
        Ok(found)
    }

    /// Passes over `( … )`, and evaluates what is in it where that is one integer.
    fn parenthesis(&mut self) -> Result<Option<i128>, DecodeError> {
        let start = self.at + 1;
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None => return Err(self.wrong("`)`")),
                Some(Token::Sign('(')) => open += 1,
                Some(Token::Sign(')')) => open -= 1,
                Some(_) => {}
            }
            self.at += 1;
            if open == 0 {
                break;
            }
        }
        let end = self.at;
        self.at = start;
        let value = self.expression(0, true).ok().filter(|_| self.at + 1 == end);
        self.at = end;
        Ok(value)
    }

    fn structure(&mut self, annotations: Annotations) -> Result<(), DecodeError> {
        let name = self.word()?;
        if self.sees(';') {
            // Declared here, defined elsewhere.
            return Ok(());
        }
        let base = if self.skip(':') { Some(self.kind(0)?) } else { None };
        self.need('{')?;
        let mut members = Vec::new();
        while !self.skip('}') {
            let member = self.annotations()?;
            let kind = self.kind(0)?;
            loop {
                members.push(self.declarator(&kind, &member)?);
                if !self.skip(',') {
                    break;
                }
            }
            self.need(';')?;
        }
        let Annotations { extensibility, hashed, .. } = annotations;
        self.define(&name, Definition::Struct { extensibility, base, members, hashed });
        Ok(())
    }

    /// A name with its array bounds. Several bounds make one array of their product, as on the wire.
    fn declarator(&mut self, kind: &RawType, annotations: &Annotations) -> Result<RawMember, DecodeError> {
        let name = self.word()?;
        let mut count: Option<usize> = None;
        while self.skip('[') {
            let bound = self.bound(true)?;
            self.need(']')?;
            count = Some(count.unwrap_or(1).saturating_mul(bound));
        }
        let kind = match count {
            None => kind.clone(),
            Some(count) => RawType::Array(Box::new(kind.clone()), count),
        };
        Ok(RawMember { name, kind, id: annotations.id, optional: annotations.optional, hashed: annotations.hashed })
    }

    fn bound(&mut self, shifts: bool) -> Result<usize, DecodeError> {
        let value = self.expression(0, shifts)?;
        usize::try_from(value).map_err(|_negative_or_huge| self.wrong("a bound"))
    }

    fn union(&mut self, annotations: Annotations) -> Result<(), DecodeError> {
        let name = self.word()?;
        if self.sees(';') {
            return Ok(());
        }
        if !self.skip_word("switch") {
            return Err(self.wrong("`switch`"));
        }
        self.need('(')?;
        self.annotations()?;
        let discriminator = self.kind(0)?;
        self.need(')')?;
        self.need('{')?;
        let mut cases = Vec::new();
        while !self.skip('}') {
            let (labels, default) = self.labels(&discriminator)?;
            let member = self.annotations()?;
            let kind = self.kind(0)?;
            cases.push(RawCase { labels, default, member: self.declarator(&kind, &member)? });
            self.need(';')?;
        }
        let extensibility = annotations.extensibility;
        self.define(&name, Definition::Union { extensibility, discriminator, cases });
        Ok(())
    }

    fn labels(&mut self, discriminator: &RawType) -> Result<(Vec<i64>, bool), DecodeError> {
        let (mut labels, mut default) = (Vec::new(), false);
        loop {
            if self.skip_word("default") {
                default = true;
            } else if self.skip_word("case") {
                let value = self.label(discriminator)?;
                // OK to cast: labels above i64::MAX are those of u64 discriminators, which are cast in the same way.
                labels.push(value as i64);
            } else if labels.is_empty() && !default {
                return Err(self.wrong("`case`"));
            } else {
                return Ok((labels, default));
            }
            self.need(':')?;
        }
    }

    /// An enumerator of the discriminator's type may stand without its scope.
    fn label(&mut self, discriminator: &RawType) -> Result<i128, DecodeError> {
        if let (RawType::Named { name, .. }, Some(Token::Word(word))) = (discriminator, self.peek()) {
            let parent = &name[..name.len().saturating_sub(1)];
            let full = [parent, std::slice::from_ref(word)].concat();
            if let Some(value) = self.found.constant(&self.scope, &full, false) {
                self.at += 1;
                return Ok(value);
            }
        }
        self.expression(0, true)
    }

    fn enumeration(&mut self, annotations: Annotations) -> Result<(), DecodeError> {
        let name = self.word()?;
        let mut next = 0;
        self.enumerators(|parser, annotations, enumerator| {
            let value = annotations.value.unwrap_or(next);
            next = value.saturating_add(1);
            for full in [parser.full_name(enumerator), parser.full_name(&format!("{name}::{enumerator}"))] {
                parser.found.constants.entry(full).or_insert(value);
            }
        })?;
        let primitive = match annotations.bit_bound {
            Some(..=8) => Primitive::I8,
            Some(9..=16) => Primitive::I16,
            _ => Primitive::I32,
        };
        self.define(&name, Definition::Enum(primitive));
        Ok(())
    }

    fn bitmask(&mut self, annotations: Annotations) -> Result<(), DecodeError> {
        let name = self.word()?;
        self.enumerators(|_, _, _| {})?;
        let primitive = match annotations.bit_bound {
            Some(..=8) => Primitive::U8,
            Some(9..=16) => Primitive::U16,
            Some(33..) => Primitive::U64,
            _ => Primitive::U32,
        };
        self.define(&name, Definition::Enum(primitive));
        Ok(())
    }

    fn enumerators(&mut self, mut each: impl FnMut(&mut Self, &Annotations, &str)) -> Result<(), DecodeError> {
        self.need('{')?;
        while !self.skip('}') {
            let annotations = self.annotations()?;
            let name = self.word()?;
            each(self, &annotations, &name);
            if !self.skip(',') && !self.sees('}') {
                return Err(self.wrong("`,`"));
            }
        }
        Ok(())
    }

    fn alias(&mut self) -> Result<(), DecodeError> {
        self.annotations()?;
        let kind = self.kind(0)?;
        loop {
            let member = self.declarator(&kind, &Annotations::default())?;
            self.define(&member.name, Definition::Alias(member.kind));
            if !self.skip(',') {
                return Ok(());
            }
        }
    }

    fn constant(&mut self) -> Result<(), DecodeError> {
        self.kind(0)?;
        let name = self.word()?;
        self.need('=')?;
        // Constants that are no integers are on no wire and bound no array.
        if let Ok(value) = self.expression(0, true) {
            let full = self.full_name(&name);
            self.found.constants.entry(full).or_insert(value);
        }
        while self.peek().is_some() && !self.sees(';') {
            self.at += 1;
        }
        Ok(())
    }

    fn kind(&mut self, depth: usize) -> Result<RawType, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError(format!("types are nested deeper than {MAX_DEPTH}")));
        }
        let (name, absolute) = self.scoped()?;
        let simple = match (&name[..], absolute) {
            ([word], false) => word.as_str(),
            _ => "",
        };
        let primitive = match simple {
            "boolean" => Primitive::Bool,
            "octet" | "uint8" | "char" => Primitive::U8,
            "int8" => Primitive::I8,
            "short" | "int16" => Primitive::I16,
            "uint16" => Primitive::U16,
            "int32" => Primitive::I32,
            "uint32" => Primitive::U32,
            "int64" => Primitive::I64,
            "uint64" => Primitive::U64,
            "float" => Primitive::F32,
            "double" => Primitive::F64,
            "long" if self.skip_word("double") => return Ok(RawType::Refused("long double")),
            "long" if self.skip_word("long") => Primitive::I64,
            "long" => Primitive::I32,
            "unsigned" if self.skip_word("short") => Primitive::U16,
            "unsigned" if self.skip_word("long") && self.skip_word("long") => Primitive::U64,
            // The `long` was passed over by the line above.
            "unsigned" => Primitive::U32,
            "wchar" => return Ok(RawType::Refused("wchar")),
            "any" => return Ok(RawType::Refused("any")),
            "fixed" => {
                self.template()?;
                return Ok(RawType::Refused("fixed"));
            }
            "map" => {
                self.template()?;
                return Ok(RawType::Refused("map"));
            }
            "string" | "wstring" => {
                if self.sees('<') {
                    self.template()?;
                }
                return Ok(if simple == "string" { RawType::Text } else { RawType::WideText });
            }
            "sequence" => {
                self.need('<')?;
                self.annotations()?;
                let item = self.kind(depth + 1)?;
                let bound = if self.skip(',') { Some(self.bound(false)?) } else { None };
                self.need('>')?;
                return Ok(RawType::Sequence(Box::new(item), bound));
            }
            _ => return Ok(RawType::Named { scope: self.scope.clone(), name, absolute }),
        };
        Ok(RawType::Primitive(primitive))
    }

    /// Passes over `< … >`.
    fn template(&mut self) -> Result<(), DecodeError> {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None => return Err(self.wrong("`>`")),
                Some(Token::Sign('<')) => open += 1,
                Some(Token::Sign('>')) => open = open.saturating_sub(1),
                Some(_) => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
    }

    /// An integer expression. `shifts` is false inside `< … >`, where `>>` closes twice.
    fn expression(&mut self, depth: usize, shifts: bool) -> Result<i128, DecodeError> {
        self.binary(0, depth, shifts)
    }

    fn binary(&mut self, level: usize, depth: usize, shifts: bool) -> Result<i128, DecodeError> {
        const LEVELS: [&[char]; 6] = [&['|'], &['^'], &['&'], &['<', '>'], &['+', '-'], &['*', '/', '%']];
        let Some(signs) = LEVELS.get(level) else { return self.unary(depth) };
        let mut value = self.binary(level + 1, depth, shifts)?;
        while let Some(&Token::Sign(sign)) = self.peek() {
            let shift = matches!(sign, '<' | '>');
            if !signs.contains(&sign) || (shift && !shifts) {
                break;
            }
            self.at += 1;
            if shift {
                self.need(sign)?;
            }
            let other = self.binary(level + 1, depth, shifts)?;
            let places = u32::try_from(other).ok();
            value = match sign {
                '|' => Some(value | other),
                '^' => Some(value ^ other),
                '&' => Some(value & other),
                '<' => places.and_then(|places| value.checked_shl(places)),
                '>' => places.and_then(|places| value.checked_shr(places)),
                '+' => value.checked_add(other),
                '-' => value.checked_sub(other),
                '*' => value.checked_mul(other),
                '/' => value.checked_div(other),
                _ => value.checked_rem(other),
            }
            .ok_or_else(|| self.wrong("a number in range"))?;
        }
        Ok(value)
    }

    fn unary(&mut self, depth: usize) -> Result<i128, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError(format!("an expression is nested deeper than {MAX_DEPTH}")));
        }
        if self.skip('-') {
            return Ok(self.unary(depth + 1)?.saturating_neg());
        }
        if self.skip('+') {
            return self.unary(depth + 1);
        }
        if self.skip('~') {
            return Ok(!self.unary(depth + 1)?);
        }
        if self.skip('(') {
            // Inside a parenthesis `>` closes nothing else.
            let value = self.expression(depth + 1, true)?;
            self.need(')')?;
            return Ok(value);
        }
        match self.peek() {
            Some(&Token::Integer(value)) => {
                self.at += 1;
                Ok(value)
            }
            Some(Token::Word(word)) if matches!(word.as_str(), "TRUE" | "FALSE") => {
                let value = i128::from(word == "TRUE");
                self.at += 1;
                Ok(value)
            }
            Some(Token::Word(_) | Token::Scope) => {
                let start = self.at;
                let (name, absolute) = self.scoped()?;
                let value = self.found.constant(&self.scope, &name, absolute);
                value.ok_or_else(|| {
                    self.at = start;
                    self.wrong("an integer constant")
                })
            }
            _ => Err(self.wrong("a number")),
        }
    }
}
