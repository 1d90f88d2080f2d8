//! `prairie calc`

use std::io::Read;

use serde_json::json;

use crate::args::Calc;
use crate::context::Context;
use crate::error::Failure;

/// Bytes of an input.
const INPUT_MAX: u64 = 1 << 30;

pub(crate) fn run(context: &Context, args: &Calc) -> Result<u8, Failure> {
    let Some(name) = args.method.as_ref().filter(|_| !args.list) else { return list(context) };
    let mut text = String::new();
    std::io::stdin().lock().take(INPUT_MAX).read_to_string(&mut text).map_err(|error| Failure::Other {
        chain: vec!["failed to read the input".to_owned(), error.to_string()],
        hint: None,
    })?;
    let answer = prairie_engine::calculate(name, &text)?;
    context.print_json(&answer)?;
    Ok(0)
}

fn list(context: &Context) -> Result<u8, Failure> {
    let methods = prairie_engine::methods();
    if context.json() {
        let method = |method: &&prairie_engine::Method| {
            json!({
                "method": method.name, "about": method.about, "formula": method.formula, "source": method.source,
                "input": method.input, "output": method.output, "example": method.example.0,
            })
        };
        context.print_json(&methods.iter().map(method).collect::<Vec<_>>())?;
        return Ok(0);
    }
    for method in methods {
        outln!("{}\n  {}", method.name, method.about);
        for (name, text) in [
            ("formula", method.formula),
            ("source", method.source),
            ("input", method.input),
            ("output", method.output),
            ("example", method.example.0),
        ] {
            let mut lines = text.lines();
            outln!("  {name:<8} {}", lines.next().unwrap_or_default());
            lines.for_each(|line| outln!("           {line}"));
        }
        outln!("");
    }
    Ok(0)
}
