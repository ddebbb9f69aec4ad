//! `verify`.

use crate::args::StoreArgs;
use crate::output::{Failure, Out, counted, on_bar, plain};
use crate::{FOUND, OK, Outcome, open_for, runtime};
use atlas_store::{Affected, Damage, ErrorKind, Store};
use serde_json::{Value as Json, json};
use std::sync::Arc;

pub fn verify(out: &mut Out, wanted: &StoreArgs) -> Outcome {
    let bar = out.progress(0, "verify");
    let mut runtime = runtime(out);
    runtime.progress = on_bar(&bar);
    let store = match open_for(wanted, runtime) {
        // A root that cannot be read is a damage like others.
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            let damage = Damage { file: wanted.path.clone(), offset: 0, message: error.message().to_owned() };
            return report(out, &[(damage, Vec::new())], None);
        }
        opened => opened?,
    };
    let mut damages = Vec::new();
    store.verify(&mut |damage| damages.push(damage.clone()))?;
    bar.finish_and_clear();
    let with_chunks = |damage: Damage| Ok((damage.clone(), store.affected_by(&damage)?));
    let damages = damages.into_iter().map(with_chunks).collect::<Result<Vec<_>, Failure>>()?;
    report(out, &damages, Some(&store))
}

fn report(out: &mut Out, damages: &[(Damage, Vec<Affected>)], store: Option<&Arc<Store>>) -> Outcome {
    let code = if damages.is_empty() { OK } else { FOUND };
    let info = store.map(|store| store.info()).transpose()?;
    if out.json {
        let affected = |hit: &Affected| json!({"dataset": *hit.dataset, "array": *hit.array, "chunk": hit.chunk});
        let damage = |(damage, hits): &(Damage, Vec<Affected>)| {
            json!({
                "file": damage.file.to_string_lossy(),
                "offset": damage.offset,
                "message": damage.message,
                "affected": hits.iter().map(affected).collect::<Vec<_>>(),
            })
        };
        out.document(&json!({
            "generation": info.as_ref().map(|info| info.generation),
            "segment_count": info.as_ref().map(|info| info.segment_count),
            "damages": damages.iter().map(damage).collect::<Vec<Json>>(),
        }))?;
        return Ok(code);
    }
    for (damage, hits) in damages {
        out.line(plain(&damage.message))?;
        for hit in hits {
            let chunk = match &hit.chunk {
                Some(chunk) => format!("chunk {chunk:?}"),
                None => "any chunk".into(),
            };
            let (array, dataset) = (plain(&hit.array), plain(&hit.dataset));
            out.line(format_args!("    {chunk} of array '{array}' of dataset '{dataset}'"))?;
        }
    }
    if !out.quiet {
        let checked = info
            .map(|info| format!(" in {} of generation {}", counted(info.segment_count, "segment"), info.generation));
        let found = match damages.len() as u64 {
            0 => "no damage".to_owned(),
            n => counted(n, "damage"),
        };
        out.line(format_args!("{found}{}", checked.unwrap_or_default()))?;
    }
    Ok(code)
}
