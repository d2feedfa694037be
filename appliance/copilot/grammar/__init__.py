"""The offline grammar: sentences become plans, or a question, without a network or a model.

Words are read language by language (`words`), put together (`patterns`), cut into clauses and
matched with the frames that the tasks bring (`clauses`). What is not wholly understood is not
done.
"""
