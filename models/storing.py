"""Store the weights of an exported `.tflite` file in fewer bits, where models are made.

Only how they are stored changes: the runtime unpacks them to float32 once, when it loads the file.
(tflite-runtime 2.14 gives wrong results for int8 arithmetic with a scale a row.)
"""

from pathlib import Path


def store_weights(path: Path, bits: int) -> None:
    """Rewrite the matrices of the file at `path` as float16 (`bits` 16), or as int8 with a scale a
    row (`bits` 8)."""
    from ai_edge_quantizer import qtyping, quantizer  # here: it takes seconds

    half = bits == 16
    weights = qtyping.TensorQuantizationConfig(
        num_bits=bits,
        symmetric=True,
        granularity=qtyping.QuantGranularity.TENSORWISE
        if half
        else qtyping.QuantGranularity.CHANNELWISE,
        dtype=qtyping.TensorDataType.FLOAT if half else qtyping.TensorDataType.INT,
    )
    names = quantizer.AlgorithmName
    storing = quantizer.Quantizer(str(path))
    storing.update_quantization_recipe(
        regex=".*",
        operation_name=qtyping.TFLOperationName.FULLY_CONNECTED,
        op_config=qtyping.OpQuantizationConfig(
            weight_tensor_config=weights,
            compute_precision=qtyping.ComputePrecision.FLOAT,
            explicit_dequantize=True,
        ),
        algorithm_key=names.FLOAT_CASTING if half else names.MIN_MAX_UNIFORM_QUANT,
    )
    storing.quantize().export_model(str(path), overwrite=True)
