//! Store one field, close the store, open it again, read the field back.
use atlas_store::{
    ArrayOptions, CreateOptions, DType, IfExists, Mode, OpenOptions, Result, Scalar, Selection, Source, Store, Target,
};

fn main() -> Result<()> {
    let path = std::env::args().nth(1).unwrap_or("quickstart.atlas".into());
    let measured = [12.5, 13.0, 13.5, -1.5, 0.0, 1.5];

    let anew = CreateOptions { if_exists: IfExists::Replace, ..CreateOptions::default() };
    let store = Store::create(&path, anew)?;
    let january = store.create_dataset("january")?;
    january.define_array("temperature", DType::F64, &["lat", "lon"], &[2, 3], ArrayOptions::default())?;
    january.write("temperature", Selection::all(2), Source::from_slice(&measured))?;
    january.set_attribute(Some("temperature"), "units", "degC")?;
    store.close()?; // everything above becomes durable here, all of it or nothing

    let store = Store::open(&path, Mode::Read, OpenOptions::default())?;
    let january = store.dataset("january")?;
    let mut stored = [0.0; 6];
    january.read("temperature", Selection::all(2), Target::from_slice(&mut stored))?;
    if let Some((Scalar::Float(min), Scalar::Float(max))) = january.stats("temperature")?.range {
        println!("temperature[1][0] = {:?}, min {min:?}, max {max:?}", stored[3]);
    }
    Ok(())
}
