//! `ros2idl` and `omgidl`: OMG IDL, one text or several behind `IDL: pkg/msg/Type` titles.
//!
//! ```text
//!   text ─ idl_lex ─▶ tokens ─ idl_parse ─▶ definitions ─ here ─▶ Struct
//! ```
//!
//! Enumerations and bit masks are integers, constants are on no wire, and an array of several dimensions is one list of all
//! its items. Not decoded, and refused where a message needs them: `any`, `bitset`, `fixed`, `interface`, `long double`,
//! `map`, `valuetype`, `wchar`, and member ids that are hashes in mutable structs.

use super::DecodeError;
use super::idl_parse::{Definition, Definitions, RawCase, RawMember, RawType, parse as parse_text};
use super::schema::{Budget, Case, Count, Extensibility, Member, Primitive, Struct, Type, Union, sections, text};

/// The shape of the message called `name`.
pub(crate) fn parse(name: &str, data: &[u8]) -> Result<Struct, DecodeError> {
    let text = text(data)?;
    let whole: String = sections(&text).into_iter().map(|(_, body)| body + "\n").collect();
    let definitions = parse_text(&whole)?;
    let root = root(&definitions, name)?;
    match kind_of(&definitions, &root, &mut Budget::default(), true)? {
        Type::Struct(root) => Ok(root),
        _ => Err(DecodeError(format!("`{root}` is no struct"))),
    }
}

/// The full name of the type that a schema calls `name`: exactly it, else the only type whose last part it is.
fn root(definitions: &Definitions, name: &str) -> Result<String, DecodeError> {
    let exact = name.replace('/', "::");
    let exact = exact.trim_start_matches("::");
    if definitions.types.contains_key(exact) {
        return Ok(exact.to_owned());
    }
    let last = |name: &str| name.rsplit("::").next().unwrap_or_default().to_owned();
    let mut found = definitions.types.keys().filter(|full| last(full) == last(exact));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) => Err(DecodeError(format!("type `{exact}` is not defined in the schema"))),
        (Some(one), Some(other)) => {
            Err(DecodeError(format!("type `{exact}` is not defined in the schema, but `{one}` and `{other}` are")))
        }
    }
}

fn kind_of(definitions: &Definitions, name: &str, budget: &mut Budget, is_root: bool) -> Result<Type, DecodeError> {
    let Some(definition) = definitions.types.get(name) else {
        return Err(DecodeError(format!("type `{name}` is not defined in the schema")));
    };
    budget.enter(name)?;
    let kind = match definition {
        Definition::Struct { extensibility, .. } => {
            let members = members(definitions, name, budget)?;
            match seconds(name, &members) {
                Some(time) if !is_root => time,
                _ => Type::Struct(Struct { extensibility: *extensibility, members }),
            }
        }
        Definition::Union { extensibility, discriminator, cases } => {
            union(definitions, *extensibility, discriminator, cases, budget)?
        }
        Definition::Enum(primitive) => Type::Enum(*primitive),
        Definition::Alias(kind) => resolve(definitions, kind, budget)?,
        Definition::Refused(what) => return Err(DecodeError(format!("`{name}` is a {what}, which is not decoded"))),
    };
    budget.leave();
    Ok(kind)
}

/// The members of a struct, those that it inherits first.
fn members(definitions: &Definitions, name: &str, budget: &mut Budget) -> Result<Vec<Member>, DecodeError> {
    let Some(Definition::Struct { extensibility, base, members: own, hashed }) = definitions.types.get(name) else {
        return Err(DecodeError(format!("`{name}` is inherited from and is no struct")));
    };
    let mut all = match base {
        None => Vec::new(),
        Some(RawType::Named { scope, name: base, absolute }) => {
            let full = definitions.resolve(scope, base, *absolute);
            let full =
                full.ok_or_else(|| DecodeError(format!("type `{}` is not defined in the schema", base.join("::"))))?;
            budget.enter(&full)?;
            let inherited = members(definitions, &full, budget)?;
            budget.leave();
            inherited
        }
        Some(_) => return Err(DecodeError(format!("`{name}` inherits from a type that is no struct"))),
    };
    for member in own {
        if *extensibility == Extensibility::Mutable && (*hashed || member.hashed) && member.id.is_none() {
            return Err(DecodeError(format!("the member ids of `{name}` are hashes, which are not decoded")));
        }
        let next = all.last().map_or(0, |last: &Member| last.id.wrapping_add(1));
        all.push(resolve_member(definitions, member, next, name, budget)?);
    }
    Ok(all)
}

fn resolve_member(
    definitions: &Definitions,
    member: &RawMember,
    next_id: u32,
    owner: &str,
    budget: &mut Budget,
) -> Result<Member, DecodeError> {
    budget.node()?;
    // ROS 2 mangles its names for DDS: `pkg::msg::dds_::Header_` with members `stamp_` and `frame_id_`.
    let mangled = owner.split("::").any(|part| part == "dds_");
    let name = member.name.strip_suffix('_').filter(|_| mangled).unwrap_or(&member.name);
    Ok(Member {
        name: name.to_owned(),
        kind: resolve(definitions, &member.kind, budget)?,
        id: member.id.unwrap_or(next_id),
        optional: member.optional,
    })
}

fn resolve(definitions: &Definitions, kind: &RawType, budget: &mut Budget) -> Result<Type, DecodeError> {
    budget.node()?;
    Ok(match kind {
        RawType::Primitive(primitive) => Type::Primitive(*primitive),
        RawType::Text => Type::Text,
        RawType::WideText => Type::WideText,
        RawType::Sequence(item, _) | RawType::Array(item, _) => {
            let count = match kind {
                RawType::Array(_, count) => Count::Fixed(*count),
                RawType::Sequence(_, Some(bound)) => Count::Bounded(*bound),
                _ => Count::Unbounded,
            };
            budget.enter_items()?;
            let item = resolve(definitions, item, budget)?;
            budget.leave();
            Type::Array(Box::new(item), count)
        }
        RawType::Refused(what) => return Err(DecodeError(format!("type `{what}` is not decoded"))),
        RawType::Named { scope, name, absolute } => match definitions.resolve(scope, name, *absolute) {
            Some(full) => kind_of(definitions, &full, budget, false)?,
            None => builtin(name)?,
        },
    })
}

/// Types that every ROS 2 has and some writers therefore leave out.
fn builtin(name: &[String]) -> Result<Type, DecodeError> {
    match &name.join("::")[..] {
        "builtin_interfaces::msg::Time" => Ok(Type::Time),
        "builtin_interfaces::msg::Duration" => Ok(Type::Duration),
        "std_msgs::msg::Header" => {
            let member = |id, name: &str, kind| Member { name: name.to_owned(), kind, id, optional: false };
            let members = vec![member(0, "stamp", Type::Time), member(1, "frame_id", Type::Text)];
            Ok(Type::Struct(Struct { extensibility: Extensibility::Unspecified, members }))
        }
        name => Err(DecodeError(format!("type `{name}` is not defined in the schema"))),
    }
}

/// `Time` and `Duration` where the struct of that name is what ROS 2 and DDS mean by it: four bytes each of seconds and
/// nanoseconds, with no frame of their own.
fn seconds(name: &str, members: &[Member]) -> Option<Type> {
    let [sec, nanosec] = members else { return None };
    let whole = matches!(sec.kind, Type::Primitive(Primitive::I32)) && matches!(&sec.name[..], "sec" | "seconds");
    let part = matches!(nanosec.kind, Type::Primitive(Primitive::U32))
        && matches!(&nanosec.name[..], "nanosec" | "nsec" | "nanoseconds");
    match name.rsplit("::").next()?.trim_end_matches('_') {
        _ if !(whole && part) => None,
        "Time" if name.starts_with("builtin_interfaces::") => Some(Type::Time),
        "Duration" if name.starts_with("builtin_interfaces::") => Some(Type::Duration),
        _ => None,
    }
}

fn union(
    definitions: &Definitions,
    extensibility: Extensibility,
    discriminator: &RawType,
    cases: &[RawCase],
    budget: &mut Budget,
) -> Result<Type, DecodeError> {
    let discriminator = match resolve(definitions, discriminator, budget)? {
        Type::Primitive(primitive) | Type::Enum(primitive) if !matches!(primitive, Primitive::F32 | Primitive::F64) => {
            primitive
        }
        _ => return Err(DecodeError("a union is chosen by something that is no integer".to_owned())),
    };
    let mut all = Vec::new();
    // OK to cast: Budget allows at most MAX_NODES members.
    for (at, case) in cases.iter().enumerate() {
        let member = resolve_member(definitions, &case.member, at as u32 + 1, "", budget)?;
        all.push(Case { labels: case.labels.clone(), default: case.default, member });
    }
    Ok(Type::Union(Box::new(Union { extensibility, discriminator, cases: all })))
}
