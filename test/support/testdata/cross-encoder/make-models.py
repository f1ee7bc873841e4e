"""Makes the ONNX cross-encoders of the tests beside itself: pip install onnx, then python make-models.py.

Their score can be told without running them: the logit is the number of pairs of equal tokens, one of the query and one of the
passage, less two. Tokens up to [MASK] (103 in BERT's vocabulary) do not count.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAST_SPECIAL_ID = 103


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def overlap_nodes():
    """Nodes that compute `overlap`, of shape 1 × 1."""
    return [
        helper.make_node("Greater", ["input_ids", "last_special_id"], ["is_word"]),
        helper.make_node("Cast", ["is_word"], ["word"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["attended"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["word", "attended"], ["counted"]),
        helper.make_node("Cast", ["token_type_ids"], ["in_passage"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["one", "in_passage"], ["in_query"]),
        helper.make_node("Mul", ["counted", "in_query"], ["query"]),
        helper.make_node("Mul", ["counted", "in_passage"], ["passage"]),
        helper.make_node("Unsqueeze", ["input_ids", "axis_2"], ["ids_down"]),
        helper.make_node("Unsqueeze", ["input_ids", "axis_1"], ["ids_across"]),
        helper.make_node("Equal", ["ids_down", "ids_across"], ["is_equal"]),
        helper.make_node("Cast", ["is_equal"], ["equal"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["query", "axis_2"], ["query_down"]),
        helper.make_node("Unsqueeze", ["passage", "axis_1"], ["passage_across"]),
        helper.make_node("Mul", ["equal", "query_down"], ["equal_query"]),
        helper.make_node("Mul", ["equal_query", "passage_across"], ["equal_pairs"]),
        helper.make_node("ReduceSum", ["equal_pairs", "axis_2"], ["per_token"], keepdims=0),
        helper.make_node("ReduceSum", ["per_token", "axis_1"], ["overlap"], keepdims=1),
    ]


def save(file_name, last_nodes, classes):
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])
    constants = [
        constant("last_special_id", np.int64(LAST_SPECIAL_ID)),
        constant("one", np.float32(1)),
        constant("two", np.array([[2]], dtype=np.float32)),
        constant("axis_1", np.array([1], dtype=np.int64)),
        constant("axis_2", np.array([2], dtype=np.int64)),
    ]
    nodes = overlap_nodes() + last_nodes
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(nodes, "overlap", inputs, [output], [c for c in constants if c.name in used])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, Path(__file__).parent / file_name)


# One logit per pair.
save("model.onnx", [helper.make_node("Sub", ["overlap", "two"], ["logits"])], 1)
# Two logits per pair, "irrelevant" and "relevant": their difference is the one logit of the other model.
save("two-classes.onnx", [helper.make_node("Concat", ["two", "overlap"], ["logits"], axis=1)], 2)
# Another number of classes, as a model for something else has.
save("three-classes.onnx", [helper.make_node("Concat", ["overlap", "overlap", "overlap"], ["logits"], axis=1)], 3)
